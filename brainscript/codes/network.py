"""Diagnostic codes of the area 'network'."""

CODES: dict[str, tuple[str, str]] = {
    "BS0401": (
        "shapes do not match",
        "The operands of an elementwise operation or of a criterion have shapes that do not go "
        "together. Shapes are aligned at their first axis; along each axis the dimensions must be "
        "equal or one of them must be 1. Label and prediction of a criterion must be of the same "
        "shape.",
    ),
    "BS0402": (
        "option with a wrong value",
        "An option of a node or parameter has a value of the wrong kind: a dimension that is "
        "negative or not a whole number, a number where a text is wanted, or the like.",
    ),
    "BS0403": (
        "the dimensions of a product do not fit",
        "In `A * B` the last axes of A must be the first axes of B. In a layer this usually means "
        "that a weight was given an input dimension that is not the one of its input.",
    ),
    "BS0404": (
        "the ranks of a product do not fit",
        "`outputRank` says how many axes of the left operand go to the result; the others must "
        "meet as many axes of the right operand.",
    ),
    "BS0405": (
        "a dimension was never inferred",
        "A dimension of 0 is taken from the operand that the parameter meets in its first use. No "
        "use determined it. The output dimension of a product is never inferred.",
    ),
    "BS0406": (
        "operands lie on different dynamic axes",
        "Values with different dynamic axes have different numbers of samples and cannot be "
        "combined. An axis that an operation makes, such as the one step of each sequence that "
        "`BS.Sequences.Last` gives, may meet another one: the lengths are compared when the "
        "network runs.",
    ),
    "BS0407": (
        "there is no such axis",
        "The axis that is to be reduced does not exist. Axes are counted from 1; 0 "
        "means all. Reductions over samples or time (negative axes) are not supported.",
    ),
    "BS0408": (
        "a shape is not known",
        "After inference the shape of a node still has open dimensions.",
    ),
    "BS0409": (
        "wrong initialisation of a parameter",
        "The options of a parameter name no known way to initialise it, lack what that way needs, "
        "or do not fit its shape.",
    ),
    "BS0410": (
        "no such node",
        "A node asked for by name is not in the network.",
    ),
    "BS0411": (
        "nothing to train",
        "The network has no criterion, or the criterion depends on no parameter that learns.",
    ),
    "BS0412": (
        "an input must be minibatch data",
        "Criteria and statistics sum over samples, so their inputs must depend on an Input.",
    ),
    "BS0413": (
        "wrong number of inputs",
        "A node was given more or fewer inputs than its operation takes.",
    ),
    "BS0414": (
        "no such option",
        "A node was given an option that its operation does not have.",
    ),
    "BS0415": (
        "an operation has no gradient",
        "The training criterion depends on a parameter through an operation that can only be "
        "evaluated, such as ClassificationError.",
    ),
    "BS0417": (
        "an operand must be a parameter",
        "Scale, bias, mean, variance and count of a BatchNormalization are values that training "
        "moves, so they must be parameters and not computed from others.",
    ),
    "BS0416": (
        "the network is too large",
        "A tensor has more elements or axes than the limits allow.",
    ),
    "BS0420": (
        "a reshape that does not keep the elements",
        "A reshape gives other axes to the same elements: the product of the new dimensions must "
        "be the product of those they replace. One new dimension may be 0: it is inferred. A "
        "reshape never joins or splits frames.",
    ),
    "BS0421": (
        "beyond the elements that there are",
        "A slice or crop must lie within its operand. Elements are counted from 0, negative "
        "numbers from the end, and the end, which is not included, may be 0 for the end itself.",
    ),
    "BS0430": (
        "a loop that goes both ways",
        "The steps of a loop run from the first to the last or back, so all delays on one ring "
        "must be PastValue, or all FutureValue. Two loops, one for each direction, may be joined.",
    ),
    "BS0437": (
        "slice along time of a selection",
        "How many steps `Where` selects shows when the network runs, so a slice along time of them "
        "has no known bounds; the first and the last step can be had.",
    ),
    "BS0431": (
        "no part of a loop",
        "A loop is run step by step, so an operation on its ring must give a value for each step "
        "from values of that step; criteria and sums over samples need all of them at once.",
    ),
    "BS0440": (
        "windows do not fit",
        "A kernel must not be larger than the input along any axis, even with padding. Padding "
        "given by hand must make the windows fill the input exactly. An output shape or a number "
        "of pooled values must belong to the windows of its input.",
    ),
    "BS0441": (
        "wrong option of a convolution or pooling",
        "Kernel, stride, padding, dilation and sharing have one value for each axis or fewer, the "
        "last of which is repeated; sizes are at least 1, padding at least 0.",
    ),
    "BS0442": (
        "wrong weights of a convolution",
        "The weights hold one kernel for each map, `[kernel x maps]`, or for each window along "
        "axes that are not shared. They are parameters, the same for all samples.",
    ),
    "BS0443": (
        "the channel axis would be padded",
        "A convolution whose kernel covers all channels must not pad them: the value "
        "`autoPadding=true` goes for every axis that the kernel names.",
    ),
}
