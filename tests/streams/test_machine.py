"""The stream machine: its table of transitions, and what is due in each phase. Nothing here waits or has a clock."""

from __future__ import annotations

import ast
import itertools
from pathlib import Path

import pytest
from streams.machines import EVENTS, PLAIN_EVENTS, fake_buffer, machine_in

from wsgiresp._streams import machine as machine_module
from wsgiresp._streams import phases
from wsgiresp._streams.machine import Action, StreamMachine
from wsgiresp._streams.phases import PING_TRANSITIONS, TRANSITIONS, Input, Phase, Ping, PingInput
from wsgiresp._streams.policy import RUN_TO_END, StreamPolicy

# Every phase by every input: the phase that follows. "." is the phase itself.
COLUMNS = "begin ready disconnect finish abort end close"
TABLE = """
NEW          STARTING .    DISCONNECTED .         .       .    DISCARDED
STARTING     .        OPEN DISCONNECTED .         .       OVER DISCARDED
OPEN         .        .    DISCONNECTED FINISHING ABORTED OVER DISCARDED
DISCONNECTED .        .    .            .         ABORTED OVER DISCARDED
FINISHING    .        .    .            .         .       OVER DISCARDED
ABORTED      .        .    .            .         .       OVER DISCARDED
OVER         .        .    .            .         .       .    CLOSED
CLOSED       .        .    .            .         .       .    .
DISCARDED    .        .    .            .         .       .    .
"""

# The same of the keep-alive pings.
PING_COLUMNS = "quiet chunk ping probe"
PING_TABLE = """
IDLE         DUE        .       .    .
DUE          .          IDLE    IDLE PROBING
PROBING      SECOND_DUE .       .    .
SECOND_DUE   .          PROBING IDLE .
"""


def table_cells(table, columns, states, inputs):
    for line in table.strip().splitlines():
        state, *following = line.split()
        for happened, name in zip(columns.split(), following, strict=True):
            target = states[state if name == "." else name]
            yield pytest.param(states[state], inputs[happened.upper()], target, id=f"{state.lower()}, {happened}")


CELLS = list(table_cells(TABLE, COLUMNS, Phase, Input))
PING_CELLS = list(table_cells(PING_TABLE, PING_COLUMNS, Ping, PingInput))


@pytest.mark.parametrize(
    ("cells", "states", "inputs"),
    [pytest.param(CELLS, Phase, Input, id="phases"), pytest.param(PING_CELLS, Ping, PingInput, id="pings")],
)
def test_the_table_of_the_test_has_every_state_and_every_input(cells, states, inputs):
    found = {(state, happened) for state, happened, _ in (cell.values for cell in cells)}
    assert found == set(itertools.product(states, inputs))


@pytest.mark.parametrize(("phase", "happened", "following"), CELLS)
def test_an_input_leads_to_the_next_phase(phase, happened, following):
    machine = machine_in(phase)
    machine._advance(happened)
    assert machine.phase is following


@pytest.mark.parametrize(("ping", "happened", "following"), PING_CELLS)
def test_an_input_leads_to_the_next_ping(ping, happened, following):
    machine = machine_in(Phase.OPEN, ping=ping)
    machine._advance_ping(happened)
    assert machine.ping is following


@pytest.mark.parametrize(("phase", "happened", "following"), CELLS)
def test_the_transitions_list_every_change_and_nothing_else(phase, happened, following):
    assert TRANSITIONS[phase].get(happened) == (None if following is phase else following)


@pytest.mark.parametrize(("ping", "happened", "following"), PING_CELLS)
def test_the_transitions_of_pings_list_every_change_and_nothing_else(ping, happened, following):
    assert PING_TRANSITIONS[ping].get(happened) == (None if following is ping else following)


@pytest.mark.parametrize(
    ("module", "names"),
    [
        (phases, {"__future__", "enum", "typing"}),
        (
            machine_module,
            {
                "__future__",
                "enum",
                "wsgiresp._protocol.length_counting",
                "wsgiresp._streams.bounded_buffer",
                "wsgiresp._streams.phases",
                "wsgiresp._streams.policy",
            },
        ),
    ],
    ids=["phases", "machine"],
)
def test_the_machine_imports_only_what_describes_data(module, names):
    tree = ast.parse(Path(module.__file__).read_text())
    assert {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)} == names
    assert not any(isinstance(node, ast.Import) for node in ast.walk(tree))


@pytest.mark.parametrize(
    ("phase", "buffer", "due", "following"),
    [
        pytest.param(Phase.OPEN, fake_buffer(), Action.WAIT, Phase.OPEN, id="open, nothing ready"),
        pytest.param(Phase.OPEN, fake_buffer(b"a", b"b"), b"ab", Phase.OPEN, id="open, chunks ready"),
        pytest.param(Phase.OPEN, fake_buffer(b"a", ends=True), b"a", Phase.OPEN, id="open, the last chunk"),
        pytest.param(Phase.OPEN, fake_buffer(ends=True), Action.STOP, Phase.OVER, id="open, the source has ended"),
        pytest.param(Phase.FINISHING, fake_buffer(), b"bye|", Phase.FINISHING, id="finished, nothing ready"),
        pytest.param(Phase.FINISHING, fake_buffer(b"a"), b"abye|", Phase.FINISHING, id="finished, a chunk ready"),
        pytest.param(Phase.DISCONNECTED, fake_buffer(b"a"), b"a", Phase.DISCONNECTED, id="disconnected, a chunk"),
        pytest.param(Phase.DISCONNECTED, fake_buffer(), Action.HANG_UP, Phase.OVER, id="disconnected, nothing ready"),
        pytest.param(
            Phase.DISCONNECTED, fake_buffer(ends=True), Action.HANG_UP, Phase.OVER, id="disconnected at the end"
        ),
        pytest.param(Phase.OVER, fake_buffer(), Action.STOP, Phase.OVER, id="after the end"),
        pytest.param(Phase.OVER, fake_buffer(b"late"), Action.STOP, Phase.OVER, id="a late chunk after the end"),
    ],
)
def test_what_is_due_follows_from_the_phase_and_the_buffer(phase, buffer, due, following):
    machine = machine_in(phase, buffer)
    assert machine.next_action() == due
    assert machine.phase is following


@pytest.mark.parametrize(
    ("ping", "buffer", "due", "following"),
    [
        pytest.param(Ping.DUE, fake_buffer(), b"ping|", Ping.IDLE, id="a ping is due"),
        pytest.param(Ping.DUE, fake_buffer(b"a"), b"a", Ping.IDLE, id="a ping is due, but a chunk is ready"),
        pytest.param(Ping.DUE, fake_buffer(ends=True), Action.STOP, Ping.DUE, id="a ping is due at the end"),
        pytest.param(Ping.PROBING, fake_buffer(), Action.WAIT, Ping.PROBING, id="between two pings"),
        pytest.param(Ping.PROBING, fake_buffer(b"a"), b"a", Ping.PROBING, id="a chunk between two pings"),
        pytest.param(Ping.SECOND_DUE, fake_buffer(), b"again|", Ping.IDLE, id="the second ping is due"),
        pytest.param(Ping.SECOND_DUE, fake_buffer(b"a"), b"a", Ping.PROBING, id="a chunk before the second ping"),
    ],
)
def test_a_ping_is_sent_when_it_is_due_and_no_chunk_is_ready(ping, buffer, due, following):
    machine = machine_in(Phase.OPEN, buffer, ping=ping)
    assert machine.next_action() == due
    assert machine.ping is following


@pytest.mark.parametrize(
    ("phase", "buffer", "error"),
    [
        pytest.param(Phase.ABORTED, fake_buffer(b"a"), BrokenPipeError, id="aborted"),
        pytest.param(Phase.OPEN, fake_buffer(error=LookupError()), LookupError, id="the source has failed"),
        pytest.param(Phase.OPEN, fake_buffer(error=OSError()), RuntimeError, id="the source has failed by an OSError"),
    ],
)
def test_a_failure_is_raised_once_and_the_stream_is_over(phase, buffer, error):
    machine = machine_in(phase)
    machine.buffer = buffer
    with pytest.raises(error):
        machine.next_action()
    assert machine.phase is Phase.OVER
    assert machine.next_action() is Action.STOP


def test_a_stream_that_was_closed_before_its_end_raises_runtime_error_whatever_is_ready():
    machine = machine_in(Phase.OPEN, fake_buffer(b"a"))
    machine.close()
    for _ in range(2):
        with pytest.raises(RuntimeError, match="closed before its end"):
            machine.next_action()


def test_a_stream_that_was_closed_after_its_end_ends_again():
    machine = machine_in(Phase.OPEN, fake_buffer(ends=True))
    assert machine.next_action() is Action.STOP
    machine.close()
    assert machine.next_action() is Action.STOP


def test_a_finished_stream_ends_after_its_last_bytes():
    machine = machine_in(Phase.OPEN, fake_buffer(b"a"))
    assert machine.request_finish()
    assert [machine.next_action() for _ in range(3)] == [b"abye|", Action.STOP, Action.STOP]
    assert machine.phase is Phase.OVER


def test_a_finished_stream_without_last_bytes_ends_at_once():
    machine = machine_in(Phase.OPEN, policy=StreamPolicy(closing_bytes=bytes))
    machine.request_finish()
    assert machine.next_action() is Action.STOP


def test_a_stream_that_runs_to_its_end_refuses_to_finish():
    machine = machine_in(Phase.OPEN, fake_buffer(b"a"), RUN_TO_END)
    assert not machine.request_finish()
    assert [machine.next_action(), machine.next_action()] == [b"a", Action.WAIT]


FINISH, ABORT = StreamMachine.request_finish, StreamMachine.request_abort


@pytest.mark.parametrize(
    ("requests", "phase", "is_aborted"),
    [
        pytest.param([FINISH], Phase.FINISHING, False, id="finish"),
        pytest.param([ABORT], Phase.ABORTED, True, id="abort"),
        pytest.param([FINISH, ABORT], Phase.FINISHING, True, id="finish, then abort"),
        pytest.param([ABORT, FINISH], Phase.ABORTED, True, id="abort, then finish"),
        pytest.param([FINISH, FINISH], Phase.FINISHING, False, id="finish twice"),
        pytest.param([ABORT, ABORT], Phase.ABORTED, True, id="abort twice"),
    ],
)
@pytest.mark.parametrize("opened", [True, False], ids=["open", "starting"])
def test_the_first_request_decides_what_is_sent(requests, phase, is_aborted, opened):
    machine = StreamMachine(PLAIN_EVENTS)
    machine.begin(fake_buffer(b"a"))
    if opened:
        machine.open()
    for request in requests:
        request(machine)
    if not opened:
        assert not machine.must_wait_for_start()
        machine.open()
    try:
        assert machine.next_action() == b"abye|"
        reached = Phase.FINISHING
    except BrokenPipeError:
        reached = Phase.ABORTED
    assert (reached, machine.is_aborted) == (phase, is_aborted)


@pytest.mark.parametrize(
    ("needs_probe", "sent"),
    [
        pytest.param(False, [b"ping|", Action.WAIT, b"ping|", Action.WAIT], id="the socket is visible"),
        pytest.param(True, [b"ping|", Action.WAIT, b"again|", Action.WAIT], id="the socket is hidden"),
    ],
)
def test_each_quiet_interval_is_answered_by_one_ping(needs_probe, sent):
    machine = machine_in(Phase.OPEN, needs_probe=needs_probe)
    found = []
    for _ in range(2):
        machine.note_quiet()
        found += [machine.next_action(), machine.next_action()]
    assert found == sent


@pytest.mark.parametrize(
    ("buffer", "due"),
    [
        pytest.param(fake_buffer(), b"open|", id="alone"),
        pytest.param(fake_buffer(b"a"), b"open|a", id="before a chunk"),
        pytest.param(fake_buffer(ends=True), b"open|", id="of an empty stream"),
    ],
)
def test_the_preamble_is_sent_first_and_once(buffer, due):
    machine = machine_in(Phase.OPEN, buffer, EVENTS)
    assert machine.next_action() == due
    assert machine.next_action() in (Action.WAIT, Action.STOP)


def test_the_preamble_of_a_finished_stream_precedes_its_last_bytes():
    machine = machine_in(Phase.OPEN, fake_buffer(b"a"), EVENTS)
    machine.request_finish()
    assert machine.next_action() == b"open|abye|"


@pytest.mark.parametrize("policy", [RUN_TO_END, EVENTS], ids=["plain", "events"])
@pytest.mark.parametrize("length", [None, 9], ids=["without a length", "with a length"])
def test_a_chunk_passes_through_only_when_nothing_else_is_due(policy, length):
    machine = StreamMachine(policy, length)
    machine.begin(fake_buffer(b"a"))
    assert not machine.passes_through
    machine.open()
    assert machine.passes_through is (policy is RUN_TO_END and length is None)
    machine.next_action()
    assert machine.passes_through is (length is None)
    machine.note_quiet()
    assert not machine.passes_through
