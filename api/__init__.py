"""The web and the commands: the only place that wires everything together."""
