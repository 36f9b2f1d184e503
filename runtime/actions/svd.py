"""The action `SVD`: large matrices of a model become products of two thin ones."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from brainscript.diagnostic import BrainScriptError, Diagnostic, MissingFileError
from brainscript.runtime.actions.session import Session, compiled_pattern
from brainscript.runtime.data.side_files import side_file
from brainscript.runtime.model.loaded import LoadedModel
from brainscript.runtime.model.loading import load_model
from brainscript.runtime.model.store import save_network, values_of
from brainscript.runtime.network import Array, ParameterSpec
from brainscript.settings import Settings

Choices = Sequence[tuple[re.Pattern[str], float]]


def svd(section: Settings, session: Session) -> None:
    """Factorise the matching parameters of `modelPath`, and save as `outputmodelPath`.

    A matrix with singular values s keeps the first r of them: the fewest whose sum exceeds
    `KeepRatio` of the sum of all, rounded up to a multiple of `AlignedSize`.
    """
    environment = session.environment
    path, target = section.text("modelPath"), section.text("outputmodelPath")
    choices = _choices(section)
    aligned = section.integer("AlignedSize", 8)
    if aligned < 1:
        raise _wrong(section, "AlignedSize", f"AlignedSize must be 1 or more, not {aligned}")
    if environment.dry_run and path in environment.planned:
        environment.planned[target] = environment.planned[path]
        return
    model = load_model(path)
    specs = environment.stored_network(model).facts.parameters
    factors = _factors(specs, model.values, choices, aligned)
    if not factors:
        raise _wrong(section, "NodeNameRegex", "no matrix of the model matches")
    _save(section, session, model, factors, target)


def _save(
    section: Settings,
    session: Session,
    model: LoadedModel,
    factors: Mapping[str, tuple[Array, Array]],
    target: str,
) -> None:
    environment = session.environment
    if environment.factorised is None:
        raise _wrong(section, "modelPath", "models cannot be edited here")
    ranks = {name: left.shape[1] for name, (left, _) in factors.items()}
    network, names = environment.factorised(model, ranks)
    values = dict(model.values)
    for name, (left, right) in factors.items():
        values[names[name][0]], values[names[name][1]] = left.T, right.T
    for name, view in values_of(network, ("parameter", "statistic")).items():
        if name in values:
            view.reshape(-1)[:] = np.ascontiguousarray(values[name]).reshape(-1)
    if environment.dry_run:
        environment.planned[target] = network
        return
    save_network(target, network)
    for name, rank in ranks.items():
        rows, columns = factors[name][0].shape[0], factors[name][1].shape[1]
        session.log.line("factorised", name=name, rows=rows, columns=columns, rank=rank)
    session.log.line("edited", nodes=len(network.facts.nodes), path=target)


def _choices(section: Settings) -> Choices:
    """Patterns of names with the ratio to keep: of a file, or one of each from the section."""
    if section.has("SVDConfig"):
        return _read_choices(section)
    ratio = section.number("KeepRatio", 0.4)
    return [_choice(section, "NodeNameRegex", section.text("NodeNameRegex", ""), ratio)]


def _read_choices(section: Settings) -> Choices:
    lines: list[str] = []
    with side_file():
        lines = _lines(section)
    found: list[tuple[re.Pattern[str], float]] = []
    for line in (line.split() for line in lines if line.strip()):
        try:
            ratio = float(line[1]) if len(line) == 2 else -1.0
        except ValueError:
            ratio = -1.0
        found.append(_choice(section, "SVDConfig", line[0], ratio))
    return found


def _lines(section: Settings) -> list[str]:
    path = section.text("SVDConfig")
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        title = f"the file '{path}' (SVDConfig) cannot be read: {error.strerror}"
        raise MissingFileError(Diagnostic("BS0385", title, section.span_of("SVDConfig"))) from None


def _choice(
    section: Settings, key: str, pattern: str, ratio: float
) -> tuple[re.Pattern[str], float]:
    if not 0 < ratio <= 1:
        raise _wrong(section, key, f"the ratio to keep of '{pattern}' must lie between 0 and 1")
    try:
        return compiled_pattern(pattern), ratio
    except ValueError as error:
        raise _wrong(section, key, f"'{pattern}' is malformed: {error}") from None


def _factors(
    specs: Sequence[ParameterSpec],
    values: Mapping[str, Array],
    choices: Choices,
    aligned: int,
) -> dict[str, tuple[Array, Array]]:
    """The two factors of every matrix that a pattern means, by its name."""
    found: dict[str, tuple[Array, Array]] = {}
    for pattern, ratio in choices:
        for spec in specs:
            thin = len(spec.dims) != 2 or min(spec.dims) == 1
            if thin or spec.name in found or not _means(pattern, spec.name):
                continue
            matrix = values[spec.name].reshape(spec.dims[::-1]).T
            if not np.isfinite(matrix).all():
                title = f"'{spec.name}' has elements that are not finite"
                raise BrainScriptError(Diagnostic("BS0385", title, path=spec.name))
            found[spec.name] = factors_of(matrix, ratio, aligned)
    return found


def _means(pattern: re.Pattern[str], name: str) -> bool:
    return not pattern.pattern or pattern.fullmatch(name) is not None


def factors_of(matrix: Array, ratio: float, aligned: int) -> tuple[Array, Array]:
    """`U sqrt (S)` and `sqrt (S) V'` of as many singular values as `ratio` asks for."""
    left, sizes, right = np.linalg.svd(matrix.astype(np.float64), full_matrices=False)
    enough = np.flatnonzero(np.cumsum(sizes) > ratio * sizes.sum())
    rank = int(enough[0]) + 1 if len(enough) else len(sizes)
    rank = min(-(-rank // aligned) * aligned, len(sizes))
    roots = np.sqrt(sizes[:rank])
    first, second = left[:, :rank] * roots, roots[:, None] * right[:rank]
    return first.astype(matrix.dtype), second.astype(matrix.dtype)


def _wrong(section: Settings, key: str, title: str) -> BrainScriptError:
    return BrainScriptError(Diagnostic("BS0385", title, section.span_of(key) or section.span))
