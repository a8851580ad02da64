"""PostgreSQL as every service uses it: pools, migrations, named SQL, leader election."""
