"""Feed -> Entry: parsing, identity, pace, lists and discovery of feeds."""
