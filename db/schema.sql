-- The schema as the migrations make it, kept true by a test. Read it; never apply it.

