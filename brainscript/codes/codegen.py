"""Diagnostic codes of the area 'codegen'."""

CODES: dict[str, tuple[str, str]] = {
    "BS0801": (
        "unknown target",
        "The target that `--target` or the environment variable BS_TARGET names does not exist. "
        "Leave it out to use what this machine can do.",
    ),
    "BS0802": (
        "intrinsic not allowed",
        "Generated code named an LLVM intrinsic that is not known to work on every processor. "
        "This is a fault of the compiler, never of the input.",
    ),
    "BS0803": (
        "LLVM could not compile a kernel",
        "LLVM refused or ended on a kernel. The kernel's text is kept in a folder named "
        "bs-crash-<time>-<process> unless BS_CRASH=0. This is a fault of the compiler.",
    ),
    "BS0804": (
        "compiled code could not be linked",
        "The object code, fresh or from the cache, could not be loaded into the process.",
    ),
    "BS0805": (
        "worker process could not be started",
        "Kernels are compiled in processes of their own and the system refused to start one.",
    ),
    "BS0806": (
        "LLVM takes too long for a kernel",
        "The process that compiles a kernel was ended after the seconds of the limit "
        "`compile-seconds`. The kernel's text is kept in a folder named bs-crash-<time>-<process> "
        "unless BS_CRASH=0.",
    ),
    "BS0807": (
        "worker process was ended",
        "The process that compiles a kernel was ended from outside, and so was a second one that "
        "tried again. Systems that run out of memory do that.",
    ),
    "BS0810": (
        "operation cannot be compiled",
        "The network uses an operation for which there is no kernel. It can be read, printed, "
        "edited and saved, but not run.",
    ),
    "BS0812": (
        "not enough memory",
        "The memory for one minibatch, for the parameters or for what kernels use beside them "
        "could not be had. Use a smaller minibatchSize, shorter sequences or smaller layers.",
    ),
    "BS0813": (
        "no such input or output",
        "A compiled step was asked for an array that it does not have.",
    ),
    "BS0814": (
        "damaged entry in the cache",
        "A file of the cache folder is not what was written there. It is removed and the program "
        "or kernel compiled again.",
    ),
    "BS0815": (
        "cache folder cannot be used",
        "The folder that --cache-dir names cannot be made, or belongs to somebody else. The run "
        "goes on without keeping compiled code.",
    ),
    "BS0816": (
        "no products of bfloat16",
        "`--matmul-precision bf16` was asked for, and the processor that code is made for has "
        "neither AVX512_BF16 nor AMX. Leave the option out: products are then in float32. A "
        "`--target` that is named must be `avx512-bf16` or `amx`.",
    ),
    "BS0817": (
        "no rounding of double precision",
        "`--matmul-precision bf16` rounds the inputs of products to 8 bits of precision, and the "
        "network is in double precision. Use one or the other.",
    ),
    "BS0818": (
        "no use of tile registers",
        "Linux hands the tile registers of AMX to a process that asks for them, and has refused: "
        "the kernel is older than 5.16, or a sandbox or emulator does not know them. "
        "`--target avx512-bf16` rounds products to bfloat16 without them.",
    ),
}
