"""Windows decided elsewhere: in other processes or on other machines, which may die meanwhile."""
