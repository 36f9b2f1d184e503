"""Diagnostic codes of the area 'data'."""

CODES: dict[str, tuple[str, str]] = {
    "BS0601": (
        "native library missing",
        "Threads, readers and random numbers live in a small library of compiled C++ code. It is part"
        " of an installed package; a source tree builds it with CMake into `build/native`. The"
        " environment variable `BS_NATIVE` names another place.",
    ),
}
