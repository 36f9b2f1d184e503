"""Matrix products with an elementwise epilogue: `lower_gemm` makes the code of one kernel."""

from brainscript.passes.lower.gemm.epilogue import access_of
from brainscript.passes.lower.gemm.form import form_of
from brainscript.passes.lower.gemm.lower import lower_gemm

__all__ = ["access_of", "form_of", "lower_gemm"]
