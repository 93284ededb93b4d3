"""The database's one door: schema, migrations, and one file of queries per noun."""
