"""The plant as people see it: sites, machines, working time, procedures, clients."""
