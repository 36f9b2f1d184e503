"""Gradients of the softmax family and of normalisation by statistics."""

from __future__ import annotations

from brainscript.passes.gradient.cases import Table

TABLE: Table = {
    "net.softmax": (lambda c: c.o * (c.g - (c.g * c.o).sum()),),
    "net.log_softmax": (lambda c: c.g - c.o.exp() * c.g.sum(),),
    "net.hardmax": (None,),
    "net.mean": (None,),
    "net.inv_std_dev": (None,),
    "net.per_dim_mean_var_normalization": (
        lambda c: c.g * c.c,
        lambda c: -(c.g * c.c),
        lambda c: c.g * (c.a - c.b),
    ),
    "net.per_dim_mean_var_de_normalization": (
        lambda c: c.g.over(c.c),
        lambda c: c.g,
        lambda c: -(c.g * c.a).over(c.c).over(c.c),
    ),
}
