"""Diagnostic codes of the area 'data'."""

CODES: dict[str, tuple[str, str]] = {
    "BS0601": (
        "native library missing",
        "Threads, readers and random numbers live in a small library of compiled C++ code. It"
        " is part of an installed package; a source tree builds it with CMake into"
        " `build/native`. The environment variable `BS_NATIVE` names another place.",
    ),
    "BS0602": (
        "reader not available",
        "The reader or deserializer that the config names is not one that this program reads."
        " CNTKTextFormatReader is the common ground: other data can be converted to it, and"
        " CNTK's own scripts `uci2ctf.py` and `txt2ctf.py` do so for tables and token files.",
    ),
    "BS0603": (
        "reader setting out of range",
        "A key of a reader section has a value that cannot work: a dimension below 1, an"
        " unknown `format`, two streams with one alias, a negative window.",
    ),
    "BS0604": (
        "input without a stream",
        "The network has an input that no stream of the reader is called after. The name of a"
        " section under `input` is the name of the network's input; `alias` is the name in the"
        " file.",
    ),
    "BS0605": (
        "stream of another size",
        "A stream's `dim` must be the number of elements of the network's input. Only the"
        " product of the dimensions counts.",
    ),
    "BS0606": (
        "dense stream for a sparse input",
        "The network declares the input sparse, so the file must give index:value pairs for it."
        " The other way round works: a sparse stream is unfolded for a dense input.",
    ),
    "BS0607": (
        "data file not readable",
        "The file does not exist, is no regular file, may not be read, or reading it failed"
        " half-way.",
    ),
    "BS0608": (
        "data file of another kind",
        "The file is empty, or its first bytes are not those of CNTK's text format: a bar, or a"
        " sequence id of decimal digits. The text must be ASCII or UTF-8.",
    ),
    "BS0609": (
        "stream missing in a sequence",
        "Every sequence needs at least one sample of each declared stream; `maxErrors` does not"
        " help. In a file without sequence ids each line is a sequence.",
    ),
    "BS0610": (
        "too many bad rows",
        "A row of the data file cannot be read, and more than `maxErrors` (0 if not given) rows"
        " or samples were bad. Numbers look like `1`, `-2.5`, `3e-4`; `.5`, `nan` and `1,5` are"
        " not numbers here. Each mistake is counted once.",
    ),
    "BS0611": (
        "bad row left out",
        "A row or sample of the data file cannot be read; it is left out because `maxErrors`"
        " allows it. Other rows of its sequence stay.",
    ),
    "BS0612": (
        "short dense row",
        "A dense sample has fewer numbers than `dim`; the rest is zero.",
    ),
    "BS0613": (
        "row without sequence id",
        "The rows before it have sequence ids, this one has none or starts with a blank: it"
        " continues the sequence before.",
    ),
    "BS0614": (
        "files have no sequence in common",
        "Several deserializers are joined by sequence key, and no key occurs in all of them.",
    ),
    "BS0615": (
        "sequences left out by a join",
        "Several deserializers are joined by sequence key; sequences that one of them lacks are"
        " left out.",
    ),
    "BS0616": (
        "sequences of different lengths on one axis",
        "Two inputs share a dynamic axis, so their sequences must have equally many samples."
        " Give one of them an axis of its own: `Input {n, dynamicAxis = DynamicAxis()}`.",
    ),
    "BS0617": (
        "frame mode with longer sequences",
        "`frameMode = true` promises that every sequence is a single sample, and one is not.",
    ),
    "BS0618": (
        "data too large",
        "The data does not fit in memory, or has more than four thousand million sequences.",
    ),
    "BS0619": (
        "sequences that cannot be truncated",
        "Truncated back-propagation cuts sequences into pieces of `truncationLength` steps, in all"
        " streams at the same places. So every sequence has the same length in all streams, and the"
        " network has no operation that needs whole sequences.",
    ),
    "BS0620": (
        "binary data file damaged",
        "A CNTKBinaryReader file starts with its magic number and version 1, and ends with the"
        " offset of its header. A LibSVMBinaryReader file starts with the numbers of its rows,"
        " batches and streams. Some part contradicts another or lies outside the file.",
    ),
    "BS0622": (
        "parsed data in the cache is damaged",
        "What was kept of a text file between runs does not pass its check. It is removed, and"
        " the text is read again.",
    ),
    "BS0623": (
        "sequence key is no number",
        "The files of a reader are joined by the keys of their sequences. Keys are numbers unless"
        " speech files are among them or `useNumericSequenceKeys = false` stands beside"
        " `deserializers`; then any words are keys.",
    ),
    "BS0621": (
        "binary data of another precision",
        "The values of a CNTKBinaryReader file have the type that `precision` had when it was"
        " written; they are not converted.",
    ),
    "BS0630": (
        "feature file not usable",
        "An HTK feature file starts with the number of frames, the period, the bytes of a frame and"
        " the kind. These must fit the size of the file, the frames that the script asks for and"
        " the key `dim`. Files of both byte orders and compressed files are read.",
    ),
    "BS0631": (
        "list of utterances not usable",
        "Each line of a script is `key=archive[first,last]`, `key=path` or a path, each key once."
        " The lists of several features must name the same utterances.",
    ),
    "BS0632": (
        "labels not usable",
        "A master label file starts with `#!MLF!#`; then for each utterance a name in quotes, lines"
        " `start end state`, and a dot. The stretches begin at 0 and leave no gaps; states are"
        " looked up in `labelMappingFile`.",
    ),
    "BS0634": (
        "sequence without steps",
        "An operation that picks steps of a sequence must pick at least one of each: `Where` and"
        " `Gather` a step where the condition holds, `Slice` along time a step within its bounds,"
        " and an index must name a step that is there.",
    ),
    "BS0635": (
        "too many steps selected",
        "A condition of `Where` above 1 repeats a step. Memory is reserved for four columns of the"
        " result for each column of the condition.",
    ),
    "BS0636": (
        "dynamic axes differ at run time",
        "Two values meet whose dynamic axes are made in different ways. That works as long as their"
        " sequences pair up and are equally long; `ReconcileDynamicAxis` also repeats single"
        " steps.",
    ),
    "BS0640": (
        "map file not usable",
        "Each line of a map file is `path<TAB>label` or `key<TAB>path<TAB>label`; a Base64 map has"
        " the picture behind the label. Labels are numbers below `labelDim`.",
    ),
    "BS0641": (
        "picture not usable",
        "A picture cannot be opened or decoded, or has another size after the transforms than the"
        " network's input: width, height and channels multiply to the number of its elements."
        " Pictures are decoded by Pillow, which the extra `images` installs.",
    ),
    "BS0642": (
        "matrix file not usable",
        "A mean image is an XML file of OpenCV with `Channel`, `Row`, `Col` and the matrix"
        " `MeanImg`; colours along eigenvectors need `EigVal` (3) and `EigVec` (3 x 3).",
    ),
    "BS0650": (
        "text not usable",
        "A reader of words needs a vocabulary that has every word, or a word for unknown ones (key"
        " `unk`), no more words than `labelDim`, and sentences to read. A file of word classes has"
        " lines of id, count, word, class.",
    ),
    "BS0651": (
        "table not usable",
        "Each row of a table needs the columns that `start` and `dim` of every section name; they"
        " are numbers, or for labels a name that `labelMappingFile` lists.",
    ),
    "BS0638": (
        "too many sequences go on",
        "In truncated training a delay keeps the last values of every sequence that goes on in the "
        "next minibatch. There is room for 1024 sequences at a time, for fewer of large values: "
        "minibatchSize divided by truncationLength may not be more.",
    ),
    "BS0637": (
        "criterion on an axis made at run time",
        "Momentum and clipping go by the samples of a minibatch, and how many steps `Where` selects"
        " shows only when the network runs. A criterion that is one sum counts other samples.",
    ),
}
