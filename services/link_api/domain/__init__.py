"""The decisions of link_api: values in, values out, no I/O."""
