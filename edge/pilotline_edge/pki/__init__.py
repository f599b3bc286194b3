"""PKI: certificates as files, what makes one good, and who vouches for whom."""
