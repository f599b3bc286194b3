"""Events and alarms & conditions of machines (OPC 10000-4, 7.22.3; OPC 10000-9)."""
