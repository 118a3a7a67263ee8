"""Charts, tables and sentences, made from :class:`~engage.privacy.SafeTable` alone."""
