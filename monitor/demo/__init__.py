"""A small world on loopback for the real daemon: newsrooms with feeds and pages, a mail inbox, a chat webhook."""
