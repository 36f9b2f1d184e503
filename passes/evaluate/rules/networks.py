"""Networks as values: loading one, its nodes as members, editing its links."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from xdsl.dialects.builtin import ArrayAttr, StringAttr
from xdsl.ir import Operation, SSAValue

from brainscript.diagnostic import BrainScriptError, did_you_mean
from brainscript.dialects.bs import (
    ApplyOp,
    EditedOp,
    EditOp,
    FieldOp,
    LoadedOp,
    LoadOp,
    NetworkRecordOp,
    RecordOp,
    whole,
)
from brainscript.passes.edit.names import spelt, written_so
from brainscript.passes.evaluate.engine import Engine
from brainscript.passes.evaluate.failures import type_name
from brainscript.passes.evaluate.plain import flattened, plain


def load_rule(engine: Engine, op: Operation) -> SSAValue | None:
    """`bs.load %path` becomes `bs.loaded` of the network, which is put beside the program."""
    assert isinstance(op, LoadOp)
    ready, needed = engine.wants(op, [op.path])
    if not ready:
        return needed
    path = plain(op.path.owner)
    if not isinstance(path, str):
        what = type_name(op.path.owner) if isinstance(op.path.owner, Operation) else "a value"
        title = f"BS.Network.Load: the path of a model file is expected, not {what}"
        raise engine.fail(op, "BS0378", title)
    if not engine.networks.can_load:
        raise engine.fail(op, "BS0378", f"the model file '{path}' cannot be loaded here")
    try:
        name = engine.networks.load(path)
    except BrainScriptError as error:
        raise _placed(engine, op, error) from None
    return engine.replace(op, engine.make(LoadedOp, op, (), {"module": StringAttr(name)}))


def _placed(engine: Engine, op: Operation, error: BrainScriptError) -> BrainScriptError:
    """The error of a reader with the place of the `Load`."""
    first, *rest = error.diagnostics
    here = engine.fail(op, first.code, first.title).diagnostics[0]
    if first.span is None:
        first = replace(first, span=here.span, calls=here.calls)
    return type(error)(first, *rest)


def network_field(engine: Engine, op: FieldOp, network: LoadedOp | EditedOp) -> SSAValue:
    """`net.h1_z`: a node of a network."""
    found = _member(engine, op, network)
    if found is not None:
        return engine.replace(op, found)
    name = op.field.data
    known = list(nodes_of(engine, network))
    title = f"the network has no node '{name}'"
    label = f"it has {len(known)} nodes"
    if isinstance(network, LoadedOp):
        label += f": bs-opt {network.module.data} --emit net shows them"
    near = did_you_mean(name, [*known, *(spelt(n) for n in known)])
    raise engine.fail(op, "BS0374", title, label, near)


def _member(engine: Engine, op: FieldOp, network: Operation) -> SSAValue | None:
    """In an edited network what took the place of a node; new nodes go by their own names."""
    name = op.field.data
    if isinstance(network, EditedOp):
        nodes = nodes_of(engine, network)
        found = written_so(name, nodes)
    elif isinstance(network, LoadedOp):
        nodes, found = {}, engine.networks.find(network.module.data, name)
    else:
        return None
    if len(found) > 1:
        title = f"'{name}' may be any of {len(found)} nodes"
        raise engine.fail(op, "BS0375", title, ", ".join(found))
    if found and isinstance(network, LoadedOp):
        return engine.graph.loaded(network.module.data, found[0], op)
    return nodes[found[0]] if found else None


def nodes_of(engine: Engine, network: Operation) -> dict[str, SSAValue]:
    """The nodes of a network value in the order of their names, whatever their case."""
    graph = engine.graph
    if isinstance(network, LoadedOp):
        module = network.module.data
        names = sorted(engine.networks.nodes(module), key=lambda n: (n.lower(), n))
        return {name: graph.loaded(module, name, network) for name in names}
    found: dict[str, SSAValue] = {}
    if isinstance(network, EditedOp):
        base = network.base.owner
        assert isinstance(base, Operation)
        count = 2 * len(network.names.data)
        pairs = zip(network.nodes[:count:2], network.nodes[1:count:2], strict=True)
        new = dict(pairs)
        found = {name: new.get(v, v) for name, v in nodes_of(engine, base).items()}
        starts = [*new.values(), *network.nodes[count:]]
    else:
        starts = list(_members(engine, network))
    for vertex in graph.upstream([graph.vertex(value) for value in starts]):
        found.setdefault(graph.name(vertex), graph.value(vertex, network))
    return dict(sorted(found.items(), key=lambda item: (item[0].lower(), item[0])))


def _members(engine: Engine, network: Operation) -> Iterator[SSAValue]:
    """The evaluated nodes among the members of `new ComputationNetwork { ... }`."""
    record = network.record.owner if isinstance(network, NetworkRecordOp) else None
    if isinstance(record, RecordOp):
        for member in record.members[: len(record.names.data)]:
            yield from (v for v in flattened(member) if engine.is_node(v))


def edit_rule(engine: Engine, op: Operation) -> SSAValue | None:
    """Every function is called with every node; what gives another node is a replacement."""
    assert isinstance(op, EditOp)
    ready, needed = engine.wants(op, [op.model])
    if ready:
        ready, needed = engine.wants_deep(op, [op.functions, op.roots])
    if ready and not op.calls:
        ready, needed = _wants_members(engine, op)
    if not ready:
        return needed
    functions = flattened(op.functions)
    nodes = list(nodes_of(engine, _model(engine, op)).values())
    while functions and nodes:
        if not op.calls:
            op.operands = [*op.operands, *_calls(engine, op, functions, nodes, 0)]
        done = len(op.calls)
        ready, needed = _wants_calls(engine, op)
        if not ready:
            return needed
        if done == len(functions) * len(nodes):
            break
        op.operands = [*op.operands, *_calls(engine, op, functions, nodes, done // len(nodes))]
    return engine.replace(op, _edited(engine, op, functions, nodes))


def _model(engine: Engine, op: EditOp) -> Operation:
    model = op.model.owner
    if isinstance(model, LoadedOp | EditedOp | NetworkRecordOp):
        return model
    what = type_name(model) if isinstance(model, Operation) else "a value"
    raise engine.fail(op, "BS0377", f"Edit: a network is expected, not {what}")


def _wants_members(engine: Engine, op: EditOp) -> tuple[bool, SSAValue | None]:
    """The members of a network that is made in place are evaluated first."""
    model = _model(engine, op)
    if not isinstance(model, NetworkRecordOp):
        return True, None
    ready, needed = engine.wants(op, [model.record])
    record = model.record.owner
    if ready and isinstance(record, RecordOp):
        return engine.wants_deep(op, record.members[: len(record.names.data)])
    return ready, needed


def _calls(
    engine: Engine,
    op: EditOp,
    functions: Sequence[SSAValue],
    nodes: Sequence[SSAValue],
    number: int,
) -> list[SSAValue]:
    """The calls of one function; a node that another function has replaced is not asked for."""
    count = len(nodes)
    before = list(op.calls[(number - 1) * count :]) if number else list(nodes)
    calls: list[SSAValue] = []
    for node, so_far in zip(nodes, before, strict=True):
        if so_far is not node:
            calls.append(so_far)
            continue
        path = engine.graph.name(engine.graph.vertex(node))
        calls.append(engine.make(ApplyOp, op, [functions[number], node], {}, path))
    return calls


def _wants_calls(engine: Engine, op: EditOp) -> tuple[bool, SSAValue | None]:
    """As `wants`, from where the last time ended."""
    calls = op.calls
    for index in range(engine.checked.get(op, 0), len(calls)):
        engine.checked[op] = index
        ready, needed = engine.wants(op, [calls[index]])
        if not ready:
            return False, needed
        if not engine.is_node(calls[index]):
            owner = calls[index].owner
            what = type_name(owner) if isinstance(owner, Operation) else "a value"
            title = f"Edit: an edit function must give a node, not {what}"
            raise engine.fail(op, "BS0377", title, help="give the node itself to leave it as it is")
    engine.checked[op] = len(calls)
    return True, None


def _edited(
    engine: Engine, op: EditOp, functions: Sequence[SSAValue], nodes: Sequence[SSAValue]
) -> SSAValue:
    last = list(op.calls[-len(nodes) :]) if functions else list(nodes)
    graph = engine.graph
    pairs = [(old, new) for old, new in zip(nodes, last, strict=True) if new is not old]
    names = [graph.name(graph.vertex(old)) for old, _ in pairs]
    roots = flattened(op.roots)
    for value in roots:
        if not engine.is_node(value):
            raise engine.fail(op, "BS0377", "Edit: additionalRoots must be nodes")
    listed = [value for pair in pairs for value in pair]
    properties = {
        "order": whole(engine.next_edit()),
        "names": ArrayAttr([StringAttr(name) for name in names]),
    }
    operands = [op.model, *listed, *_ends(engine, nodes), *roots]
    return engine.make(EditedOp, op, operands, properties)


def _ends(engine: Engine, nodes: Sequence[SSAValue]) -> list[SSAValue]:
    """The nodes that no other node of the network uses."""
    graph = engine.graph
    vertices = [graph.vertex(value) for value in nodes]
    used = {source for vertex in vertices for source in graph.inputs(vertex)}
    return [value for value, vertex in zip(nodes, vertices, strict=True) if vertex not in used]
