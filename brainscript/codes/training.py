"""Diagnostic codes of the area 'training'."""

CODES: dict[str, tuple[str, str]] = {
    "BS0702": (
        "an SGD key is not known",
        "CNTK ignores unknown keys, so a misspelt one does nothing. It is ignored here as well, "
        "with this warning.",
    ),
    "BS0703": (
        "the learning rate is given twice or not at all",
        "Exactly one of `learningRatesPerMB` and `learningRatesPerSample` must be there, unless "
        "`autoAdjustLR` finds the rates itself.",
    ),
    "BS0704": (
        "the momentum is given in more than one unit",
        "At most one of `momentumPerMB`, `momentumPerSample`, `momentumAsTimeConstant` may occur.",
    ),
    "BS0705": (
        "a value of the SGD section is out of range",
        "Momentum must lie in [0, 1), dropout in [0, 1), sizes must be positive, rates finite.",
    ),
    "BS0706": (
        "the epoch is smaller than a minibatch",
        "`epochSize` counts samples and must be 0 (a full sweep) or at least `minibatchSize`.",
    ),
    "BS0707": (
        "there is nothing to train on",
        "The network has no criterion node, or `trainCriterionNodeName` names none.",
    ),
    "BS0708": (
        "the criterion is not a number",
        "The sum of the criterion became NaN or infinite: the learning rate is too high, or the "
        "data hold values the network cannot take. Training stops; earlier models are kept.",
    ),
    "BS0709": (
        "there is no network to train",
        "No network builder is visible from the command's section and no earlier model exists.",
    ),
    "BS0710": (
        "the action is not known",
        "`action` must be one of the actions of the program.",
    ),
    "BS0711": (
        "the action is not supported",
        "The action is one of CNTK's, but it is not part of this program.",
    ),
    "BS0712": (
        "the command has no section",
        "`command` names a section that does not exist at the top level of the config.",
    ),
    "BS0713": (
        "another run trains this model",
        "A lock file beside `modelPath` is held by a running process. Two runs with one model "
        "path would overwrite each other's files.",
    ),
    "BS0714": (
        "a model without its checkpoint was skipped",
        "The file is not listed in the manifest: the run that wrote it was stopped before the "
        "epoch was complete. Training goes on from the newest epoch that is.",
    ),
    "BS0715": (
        "the checkpoint does not belong to this network",
        "The optimiser state beside the model holds other symbols, shapes or another precision.",
    ),
    "BS0716": (
        "the checkpoint is missing",
        "The model of the previous epoch is there but its `.ckp` is not: momentum and counts "
        "start afresh.",
    ),
    "BS0717": (
        "the manifest of checkpoints is damaged",
        "The manifest beside `modelPath` cannot be read or has another version. Remove it to "
        "restart from the model files alone.",
    ),
    "BS0718": (
        "there are no data",
        "The reader gave no minibatch for a whole epoch.",
    ),
    "BS0719": (
        "a node is not there",
        "A node name of a config (`trainCriterionNodeName`, `evalNodeNames`, `outputNodeNames`) "
        "is not a node of the network.",
    ),
    "BS0720": (
        "nothing is asked for",
        "The action has no output to compute: the network has no such group and no name is given.",
    ),
    "BS0721": (
        "a value of the action's section is wrong",
        "A key of `format`, `crossValidationInterval` or another option of an action has a value "
        "it cannot have.",
    ),
    "BS0722": (
        "the output cannot be written",
        "The operating system refused to write the output of an action.",
    ),
    "BS0723": (
        "the label file cannot be used",
        "`labelMappingFile` cannot be read, or it has another number of lines than the node has "
        "elements; then indices are written.",
    ),
    "BS0724": (
        "the log file cannot be opened",
        "`stderr` names a file that cannot be created.",
    ),
    "BS0726": (
        "estimates over different axes",
        "All nodes that are estimated before training (`Mean`, `InvStdDev`) must depend on inputs "
        "of one dynamic axis.",
    ),
    "BS0727": (
        "a gradient does not pass the check",
        "With `gradientcheck`, the gradient of an element differs from the differences of the "
        "criterion by more than `sigFigs` figures. Near a kink of an operation such as ReLU that "
        "is to be expected; elsewhere it is a fault of this program.",
    ),
    "BS0728": (
        "parallel training has no effect",
        "The config asks for several workers, and there is one: processes are started by "
        "`mpiexec -n 4 bs-jit ...`. Or there are several, and the SGD section names no method by "
        "which they share the work: each of them trains on all data.",
    ),
    "BS0730": (
        "parallel training is not supported",
        "`mpiexec` has started several processes for a config with `parallelTrain`, and the "
        "package `mpi4py` is missing, or the config asks for what cannot be shared: gradients of "
        "fewer bits, `dataParallelASGD`, a gradient check, labels drawn towards another network.",
    ),
    "BS0729": (
        "there is nothing to normalise",
        "The action `bnstat` finds the statistics of BatchNormalization nodes anew, and the "
        "network has none.",
    ),
    "BS0731": (
        "the list of files does not fit the data",
        "A `writer` makes one feature file for each sequence, at the next path of its list. More "
        "sequences than paths are an error; fewer, and values that are not finite, a warning.",
    ),
    "BS0732": (
        "samples count as 0",
        "A criterion is a sum over a minibatch, and the samples it covers are the columns of the "
        "default axis. When every input has a `DynamicAxis` of its own there are none: the log "
        "shows `0.0 * 0`, as CNTK's does. An input without `dynamicAxis` has the default axis.",
    ),
    "BS0733": (
        "a new network is used, not the model",
        "`test` and `write` use the network that a builder describes when their section, or one "
        "around it, has a builder. Its parameters have their first values: random numbers, unless "
        "they come from files or from `BS.Network.Load`. Without a builder the model is read.",
    ),
    "BS0734": (
        "there is no such device",
        "`deviceId` is `auto`, `cpu` or a number: -1 for the CPU, 0 and up for a GPU.",
    ),
    "BS0735": (
        "no GPU is used",
        "`deviceId` names a GPU. This program computes on the CPU; the results are the same, and "
        "`deviceId = cpu` says so.",
    ),
    "BS0736": (
        "the config has changed since the checkpoint",
        "Training goes on from the newest model at `modelPath`, with the network that is stored "
        "there. The network builder of the config describes another one, which would be used only "
        "if there were no model. Remove the models, choose another `modelPath`, or set "
        "`makeMode = false`.",
    ),
    "BS0737": (
        "a term of the criterion counts once in each process",
        "Processes that share a minibatch add up what the criterion is of their parts. A term that "
        "depends on parameters alone, such as the sum of their squares, is no sum over samples: "
        "with n processes it counts n times. `L1RegWeight` and `L2RegWeight` count once.",
    ),
    "BS0742": (
        "a model cannot be adapted like this",
        "With `adaptationRegType = KL` the action `adapt` draws labels towards the node "
        "`refNodeName` of the model that it starts from. It needs that node, and a dense label "
        "of its size and axis.",
    ),
    "BS0740": (
        "a library for curves is missing",
        "Scalars for TensorBoard are written by tensorboardX (extra `tensorboard`), pictures of "
        "the curves by matplotlib (extra `examples`). `--metrics FILE.csv` needs neither.",
    ),
    "BS0741": (
        "measurements cannot be written",
        "The operating system refused to write the file that `--metrics`, `--curves` or "
        "`--tensorboard` names, or a picture of that kind is not known.",
    ),
    "BS0725": (
        "a dropout rate has no effect",
        "The SGD section sets `dropoutRate`, but the network has no Dropout node.",
    ),
}
