"""The Edge TPUs of a host, and the host: which there are, who uses one, how hot, what they draw."""
