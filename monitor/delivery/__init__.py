"""Message -> sent: one sender per recipient of a channel, each attempt ending in a `SendResult`."""
