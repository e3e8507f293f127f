"""Work that is done later, through the same pipeline as everything else: batches, and answers in the background.

`worker` takes items and does them by `execution`; `intake` reads a batch's input, `ending` closes it; `batches`,
`files` and `background` are what clients ask for. Rows are the truth: nothing here is needed to go on after a crash.
"""
