"""Roles by the groups of the system: who has none, who has all, and what a mistake costs."""

from pathlib import Path

import pytest

from edge_agent.contract.language import VIETNAMESE, said
from edge_agent.gate.errors import NotPermitted
from edge_agent.gate.host.who_may import WhoMay
from edge_agent.gate.roles import ALL, GROUPS, NO_ROLE, ONLY_LOOKS, Role
from tests.gate.fake_machine import FakeMachine

LAN, SERVICE, STRANGER = 1001, 990, 4711

EMPTY: dict[str, list[str]] = {name: [] for name in GROUPS.values()}


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> FakeMachine:
    machine = FakeMachine(monkeypatch)
    machine.add_user("root", 0)
    machine.add_user("lan", LAN)
    machine.add_user("edge-agent", SERVICE)
    return machine


def who_may(groups: dict[Role, str] | None = None) -> WhoMay:
    return WhoMay(groups or GROUPS, owners=(SERVICE,))


@pytest.mark.parametrize("role", Role)
def test_a_member_has_the_role_of_the_group(machine: FakeMachine, role: Role) -> None:
    machine.groups = EMPTY | {GROUPS[role]: ["minh", "lan"]}
    assert who_may().roles_of(LAN) == {role}


def test_who_is_in_two_groups_has_both_roles(machine: FakeMachine) -> None:
    machine.groups = EMPTY | {GROUPS[Role.AUDITOR]: ["lan"], GROUPS[Role.SUPERVISOR]: ["lan"]}
    assert who_may().roles_of(LAN) == {Role.AUDITOR, Role.SUPERVISOR}


def test_root_and_the_gates_own_user_may_all(machine: FakeMachine) -> None:
    machine.groups = EMPTY
    assert who_may().roles_of(0) == who_may().roles_of(SERVICE) == ALL


def test_no_group_no_role(machine: FakeMachine) -> None:
    machine.groups = EMPTY
    assert who_may().roles_of(LAN) == NO_ROLE
    assert who_may().roles_of(STRANGER) == NO_ROLE  # A number that is no user's.


def test_a_gate_without_the_groups_goes_on_as_before(machine: FakeMachine) -> None:
    machine.groups = {"edge-agent": ["lan"]}
    assert who_may().roles_of(LAN) == ALL
    machine.add_user(ONLY_LOOKS, STRANGER)
    assert who_may().roles_of(STRANGER) == NO_ROLE


def test_the_last_one_who_leaves_opens_nothing(machine: FakeMachine) -> None:
    machine.groups = {GROUPS[Role.TECHNICIAN]: ["lan"]}
    assert who_may().roles_of(LAN) == {Role.TECHNICIAN}
    machine.groups = {GROUPS[Role.TECHNICIAN]: []}
    assert who_may().roles_of(LAN) == NO_ROLE


def test_other_groups_that_are_misspelt_open_nothing(machine: FakeMachine) -> None:
    machine.groups = {"edge-agent": ["lan"], "ky-thuat": ["lan"]}
    named = {Role.TECHNICIAN: "ky-thuat", Role.SUPERVISOR: "to-truong", Role.AUDITOR: "kiem-tra"}
    assert who_may(named).roles_of(LAN) == {Role.TECHNICIAN}
    assert who_may(named | {Role.TECHNICIAN: "ky-thaut"}).roles_of(LAN) == NO_ROLE


def refusal(command: str) -> NotPermitted:
    with pytest.raises(NotPermitted) as refused:
        who_may().refuse_unless(LAN, command)
    return refused.value


def test_who_may_not_is_told_whom_to_ask(machine: FakeMachine) -> None:
    technicians = ["hoa", "minh", *map(str, range(9))]
    machine.groups = EMPTY | {
        GROUPS[Role.SUPERVISOR]: ["lan"],
        GROUPS[Role.TECHNICIAN]: technicians,
    }
    assert refusal("enroll").exit_code == 77
    assert said(refusal("enroll").message, VIETNAMESE) == (
        "Chỉ kỹ thuật viên mới dùng được 'edge-agent enroll', còn lan là tổ trưởng: hãy nhờ hoa, "
        "minh, 0, 1 hoặc 2."
    )


def test_where_nobody_may_the_command_that_mends_it_is_told(machine: FakeMachine) -> None:
    machine.groups = EMPTY | {GROUPS[Role.AUDITOR]: ["lan"]}
    told = str(refusal("identify"))
    assert "Only a technician or a supervisor may use 'edge-agent identify'" in told
    assert told.endswith("sudo usermod -aG edge-agent-technician USER")


def test_who_has_no_role_yet_is_told_how_to_get_one(machine: FakeMachine) -> None:
    machine.groups = EMPTY
    assert str(refusal("punches void")).endswith(
        "lan has no role at this gate yet. Root gives one, and it counts at once: "
        "sudo usermod -aG edge-agent-supervisor lan"
    )


def test_without_a_daemon_the_files_owner_may_all(machine: FakeMachine, tmp_path: Path) -> None:
    machine.groups = EMPTY
    machine.add_user("lan", tmp_path.stat().st_uid or LAN)
    own = WhoMay.of_files(GROUPS, tmp_path / "gate.db")
    own.refuse_unless(tmp_path.stat().st_uid, "enroll")
    with pytest.raises(NotPermitted):
        WhoMay.of_files(GROUPS, tmp_path / "no" / "gate.db").refuse_unless(LAN, "enroll")
