"""Turn foreign shapes into ours: files of any encoding, headers of any shop, cells of any hand.

Nothing here knows a framework, a clock or a table. A file becomes a `Sheet` (headers and rows
of text), a `Mapping` says which column means what, and a parser per kind answers rows of
`ingest.domain` or the reason why a row cannot be one.
"""
