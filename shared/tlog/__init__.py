"""The Merkle log over the journal: hashes, proofs, tiles, signed notes, checkpoints, and what a leaf holds (log.md).

Pure: bytes in, bytes out. It follows RFC 6962 and the C2SP specifications `tlog-tiles`, `signed-note`,
`tlog-checkpoint`, `tlog-cosignature`, `tlog-witness` and `tlog-policy`, so that whoever holds a tool for these needs
nothing of ours but the form of the leaves.
"""
