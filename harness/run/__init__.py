"""A plan carried out: blocks of fresh servers, groups in turn, interleaved windows."""
