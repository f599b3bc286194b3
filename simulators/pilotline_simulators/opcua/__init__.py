"""One OPC UA server for each machine, on asyncua, with asyncua's known faults mended."""
