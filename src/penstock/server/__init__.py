"""What joins the parts into a server: broker, listeners, local sessions, lifecycle."""
