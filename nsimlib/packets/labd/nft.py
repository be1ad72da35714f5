"""Rules into the kernel, by the library that the `nft` program is made of.

A process for each of a hundred nodes would take longer than all the rest of a lab. The text is what
`nft -f` reads, and what it says of an error is what the program prints.
"""

import ctypes
from errno import EINVAL, ENOENT
from functools import cache
from typing import Any

__all__ = ["load_rules"]

LIBRARY = "libnftables.so.1"


def load_rules(text: str) -> None:
    """Load one transaction into the namespace that the calling thread is in.

    Raises
    ------
    OSError
        With the first line of what nft says.
    FileNotFoundError
        If the library is not there.
    """
    library = _library()
    context = library.nft_ctx_new(0)
    try:
        library.nft_ctx_buffer_output(context)
        library.nft_ctx_buffer_error(context)
        if library.nft_run_cmd_from_buffer(context, text.encode()) != 0:
            said = library.nft_ctx_get_error_buffer(context).decode()
            raise OSError(EINVAL, said.strip().partition("\n")[0], "nft")
    finally:
        library.nft_ctx_free(context)


@cache
def _library() -> Any:
    try:
        library = ctypes.CDLL(LIBRARY)
    except OSError as error:
        raise FileNotFoundError(ENOENT, "no such library", LIBRARY) from error
    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    for name, result, arguments in (
        ("nft_ctx_new", pointer, (ctypes.c_uint32,)),
        ("nft_ctx_buffer_output", ctypes.c_int, (pointer,)),
        ("nft_ctx_buffer_error", ctypes.c_int, (pointer,)),
        ("nft_run_cmd_from_buffer", ctypes.c_int, (pointer, text)),
        ("nft_ctx_get_error_buffer", text, (pointer,)),
        ("nft_ctx_free", None, (pointer,)),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
