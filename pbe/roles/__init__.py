"""What a process is: control plane, tenant node, gateway or all of them; the only place that names concrete classes."""
