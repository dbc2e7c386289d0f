"""The filter as the kernel would run it, on the calls of ordinary and of other programs."""

from __future__ import annotations

import errno
import struct

import pytest

from app.sandbox.seccomp import program

X86_64, I386 = 0xC000003E, 0x40000003
ALLOWED, KILLED = "allowed", "killed"


def verdict(number: int, *arguments: int, architecture: int = X86_64) -> str:
    """What the filter answers: the name of an error, `ALLOWED` or `KILLED`."""
    data = struct.pack("=IIQ6Q", number, architecture, 0, *(*arguments, *[0] * (6 - len(arguments))))
    code = [struct.unpack_from("=HBBI", program(), offset) for offset in range(0, len(program()), 8)]
    place, accumulator = 0, 0
    while True:
        operation, if_true, if_false, value = code[place]
        place += 1
        match operation:
            case 0x20:
                (accumulator,) = struct.unpack_from("=I", data, value)
            case 0x15:
                place += if_true if accumulator == value else if_false
            case 0x35:
                place += if_true if accumulator >= value else if_false
            case 0x45:
                place += if_true if accumulator & value else if_false
            case 0x06:
                return _named(value)
            case _:
                raise AssertionError(f"no such instruction: {operation:#x}")


def _named(value: int) -> str:
    if value & 0xFFFF0000 == 0x00050000:
        return errno.errorcode[value & 0xFFFF]
    return {0x7FFF0000: ALLOWED, 0x80000000: KILLED}[value]


@pytest.mark.parametrize(
    ("name", "number", "arguments"),
    [("read", 0, ()), ("execve", 59, ()), ("fork", 57, ()), ("clone of a process", 56, (17,)), ("clone of a thread", 56, (0x3D0F00,)),
     ("socket of IPv4", 41, (2, 1, 0)), ("socket of IPv6", 41, (10, 2, 0)), ("socket by path", 41, (1, 1, 0)), ("netlink of routes", 41, (16, 3, 0)),
     ("size of a terminal", 16, (1, 0x5413)), ("setuid", 105, ()), ("last of the old calls", 334, ()), ("futex_waitv", 449, ())],
)  # fmt: skip
def test_ordinary_calls_are_allowed(name: str, number: int, arguments: tuple[int, ...]) -> None:
    assert verdict(number, *arguments) == ALLOWED


@pytest.mark.parametrize(
    ("name", "number", "arguments", "error"),
    [("mount", 165, (), "EPERM"), ("unshare", 272, (0x10000000,), "EPERM"), ("setns", 308, (), "EPERM"), ("ptrace", 101, (), "EPERM"),
     ("clone with a user namespace", 56, (0x10000011,), "EPERM"), ("clone with mounts", 56, (0x20011,), "EPERM"), ("clone3", 435, (), "ENOSYS"),
     ("vsock", 41, (40, 1, 0), "EAFNOSUPPORT"), ("packet", 41, (17, 3, 0), "EAFNOSUPPORT"), ("alg", 41, (38, 5, 0), "EAFNOSUPPORT"),
     ("netlink of events", 41, (16, 3, 15), "EAFNOSUPPORT"), ("TIOCSTI", 16, (0, 0x5412), "EPERM"), ("TIOCLINUX", 16, (0, 0x541C), "EPERM"),
     ("io_uring_setup", 425, (), "ENOSYS"), ("memfd_create", 319, (), "ENOSYS"), ("bpf", 321, (), "EPERM"), ("keyctl", 250, (), "EPERM"),
     ("a call of x32", 0x40000000, (), "ENOSYS"), ("unshare of x32", 0x40000000 | 272, (), "ENOSYS")],
)  # fmt: skip
def test_others_are_refused(name: str, number: int, arguments: tuple[int, ...], error: str) -> None:
    assert verdict(number, *arguments) == error


def test_the_upper_half_of_an_argument_hides_nothing() -> None:
    assert verdict(56, 0xFFFF_0000_1000_0011) == "EPERM"
    assert verdict(41, 0x1_0000_0028, 1) == "EAFNOSUPPORT"
    assert verdict(16, 0, 0x1_0000_5412) == "EPERM"


def test_calls_of_another_architecture_end_the_process() -> None:
    assert verdict(20, architecture=I386) == KILLED
