"""Small programs that try to get out of the sandbox, each by one way, and say whether that way was closed.

A program prints ``refused`` for every way that is closed, and ``GOT`` with what it got where one is open. It finds
`PRELUDE` before it, and in ``HOST`` what there is to be had on the host.
"""

from __future__ import annotations

from typing import Final

PRELUDE: Final = """
import ctypes, errno, json, mmap, os, resource, signal, socket, subprocess, sys, time
HOST = json.load(open("/work/host.json"))
libc = ctypes.CDLL(None, use_errno=True)

def refused(attempt, *errors):
    try:
        got = attempt()
    except (errors or (OSError,)) as error:
        print("refused:", type(error).__name__, error)
    else:
        print("GOT", repr(got)[:300])

def syscall(number, *arguments):
    result = libc.syscall(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result

def call(function, *arguments):
    if function(*arguments) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

def read(path):
    with open(path, "rb") as file:
        return file.read(4096)

def write(path, data=b"x"):
    with open(path, "r+b" if os.path.exists(path) else "wb", buffering=0) as file:
        return file.write(data)

def searched(texts):
    for text in texts:
        if HOST["canary"].encode() in text:
            return text
    raise LookupError("no canary")

def of_processes(name):
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            yield read(f"/proc/{process}/{name}")
        except OSError:
            pass
"""

FILES: Final = {
    "home of root": "refused(lambda: os.listdir('/root'))",
    "password file": "refused(lambda: read('/etc/shadow'))",
    "users of the host": "import pwd; refused(lambda: pwd.getpwnam('root'), KeyError)",
    "folders of the host": "[refused(lambda: os.listdir(p)) for p in ('/home', '/var', '/run', '/boot', '/mnt', '/sys', '/srv')]",
    "file of the host": "refused(lambda: read(HOST['secret']))",
    "file of the host by dots": "refused(lambda: read('/work/../../..' + HOST['secret']))",
    "file of the host by a link in the folder": "refused(lambda: read('/work/link'))",
    "root of the host by a link in the folder": "refused(lambda: read('/work/root' + HOST['secret']))",
    "file of the host by a link made inside": "os.symlink(HOST['secret'], '/tmp/l'); refused(lambda: read('/tmp/l'))",
    "writing through a link of the folder": "refused(lambda: write('/work/link'))",
    "file of the host by the first process's root": "refused(lambda: read('/proc/1/root' + HOST['secret']))",
    "file of the host by our own root": "refused(lambda: read('/proc/self/root' + HOST['secret']))",
    "file of the host by the first process's folder": "refused(lambda: read('/proc/1/cwd/../../' + HOST['secret']))",
    "shared memory of the host": "refused(lambda: read(HOST['shared']))",
    "folder before it was copied": "refused(lambda: write('/opt/mge/private/source/new'))",
    "writing to the folder": "refused(lambda: write('/work/new'))",
    "changing a file of the folder": "refused(lambda: write('/work/host.json'))",
    "removing a file of the folder": "refused(lambda: os.unlink('/work/host.json'))",
    "renaming a file of the folder": "refused(lambda: os.rename('/work/host.json', '/work/other'))",
    "rights of a file of the folder": "refused(lambda: os.chmod('/work/host.json', 0o777))",
    "writing to the system": "[refused(lambda: write(p)) for p in ('/usr/bin/new', '/usr/lib/new', '/bin/sh', '/usr/bin/env')]",
    "writing to the packages": "import pytest; refused(lambda: write(pytest.__file__)); refused(lambda: write(os.path.dirname(pytest.__file__) + '/n.py'))",
    "writing to the interpreter": "refused(lambda: write(os.path.realpath(sys.executable))); refused(lambda: write('/proc/self/exe'))",
    "writing to the root": "[refused(lambda: write(p)) for p in ('/new', '/etc/new', '/etc/passwd', '/opt/mge/start.py', '/dev/new')]",
    "devices": "[refused(lambda: read(p)) for p in ('/dev/vda', '/dev/sda', '/dev/mem', '/dev/kmsg', '/dev/kvm', '/dev/fuse', '/dev/net/tun')]",
    "making a device": "refused(lambda: os.mknod('/tmp/d', 0o60660, os.makedev(254, 0))); refused(lambda: os.mknod('/tmp/m', 0o20660, os.makedev(1, 1)))",
    "file by its handle": "refused(lambda: syscall(304, -100, ctypes.create_string_buffer(64), 0)); refused(lambda: syscall(303, -100, b'/', ctypes.create_string_buffer(64), ctypes.byref(ctypes.c_int()), 0))",
    "kernel memory": "refused(lambda: read('/proc/kcore')); refused(lambda: read('/proc/kmsg'))",
}  # fmt: skip

SECRETS: Final = {
    "our environment": "refused(lambda: searched([repr(os.environ).encode()]), LookupError)",
    "environment of the first process": "refused(lambda: searched([read('/proc/1/environ')]), LookupError, PermissionError)",
    "environment of every process": "refused(lambda: searched(of_processes('environ')), LookupError)",
    "arguments of every process": "refused(lambda: searched(of_processes('cmdline')), LookupError)",
    "memory of the first process": "refused(lambda: searched([read('/proc/1/maps')]), LookupError, PermissionError)",
    "open descriptors": "refused(lambda: {f for f in os.listdir('/proc/self/fd') if int(f) > 2 and os.path.exists('/proc/self/fd/' + f)} or (_ for _ in ()).throw(LookupError()), LookupError)",
    "keys of the session": "refused(lambda: syscall(250, 0, -3, 0)); refused(lambda: syscall(248, b'user', b'k', b'v', 1, -3)); refused(lambda: syscall(249, b'user', b'k', None, -3))",
    "kernel log": "refused(lambda: syscall(103, 3, ctypes.create_string_buffer(100), 100))",
}  # fmt: skip

NETWORK: Final = {
    "server on the host's loopback": "refused(lambda: socket.create_connection(('127.0.0.1', HOST['port']), 2)); refused(lambda: socket.create_connection(('localhost', HOST['port']), 2))",
    "server at the host's address": "refused(lambda: socket.create_connection((HOST['address'], HOST['port']), 2))",
    "server in the world": "refused(lambda: socket.create_connection(('1.1.1.1', 53), 2))",
    "datagram": "refused(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('1.1.1.1', 53)))",
    "datagram over IPv6": "refused(lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b'x', ('2606:4700::1111', 53)))",
    "name service": "refused(lambda: socket.getaddrinfo('example.com', 80))",
    "socket of the host by path": "refused(lambda: socket.socket(socket.AF_UNIX).connect(HOST['socket']))",
    "socket of the host by name": "refused(lambda: socket.socket(socket.AF_UNIX).connect('\\0' + HOST['abstract']))",
    "interfaces": "refused(lambda: [n for _, n in socket.if_nameindex() if n != 'lo'] or (_ for _ in ()).throw(LookupError()), LookupError)",
    "hypervisor": "refused(lambda: socket.socket(40, socket.SOCK_STREAM))",
    "raw packets": "refused(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)); refused(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))",
    "kernel's crypto, Bluetooth, CAN, XDP": "[refused(lambda: socket.socket(f, t)) for f, t in ((38, 5), (31, 3), (29, 3), (44, 3))]",
    "events of the kernel": "[refused(lambda: socket.socket(16, 3, p)) for p in (2, 9, 12, 15, 16)]",
    "an interface of its own": "import fcntl; refused(lambda: fcntl.ioctl(socket.socket(), 0x8914, b'lo'.ljust(16, b'\\0') + bytes(24)))",
}  # fmt: skip

PROCESSES: Final = {
    "signal to a process of the host": "refused(lambda: os.kill(HOST['pid'], 9))",
    "signal to all": "try: os.kill(-1, 9)\nexcept OSError: pass\nprint('refused')",
    "signal to the first process": "[os.kill(1, s) for s in (9, 15, 19) if os.getuid() == 1000]; refused(lambda: os.kill(1, 9) if os.getuid() != 1000 else call(lambda: 1)); os.stat('/proc/1')",
    "processes of the host": "refused(lambda: [p for p in os.listdir('/proc') if p.isdigit() and int(p) > 20] or (_ for _ in ()).throw(LookupError()), LookupError)",
    "tracing the first process": "refused(lambda: syscall(101, 16, 1, 0, 0)); refused(lambda: syscall(101, 0x4206, 1, 0, 0))",
    "memory of another process": "refused(lambda: syscall(310, 1, None, 0, None, 0, 0)); refused(lambda: syscall(311, 1, None, 0, None, 0, 0))",
    "descriptors of another process": "fd = os.pidfd_open(os.getppid()); refused(lambda: syscall(438, fd, 0, 0))",
    "shared memory, semaphores and queues": "refused(lambda: syscall(29, 0, 4096, 0o1600)); refused(lambda: syscall(64, 0, 1, 0o1600)); refused(lambda: syscall(68, 0, 0o1600)); refused(lambda: syscall(240, b'q', 66, 0o600, None))",
    "memory that nobody counts": "refused(lambda: os.memfd_create('m')); refused(lambda: syscall(447, 0))",
    "scheduling before others": "refused(lambda: os.nice(-5)); refused(lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50)))",
    "protection from the kernel's choice": "refused(lambda: write('/proc/self/oom_score_adj', b'-1')); refused(lambda: write('/proc/self/oom_score_adj', b'-1000'))",
    "higher limits": "[refused(lambda: resource.setrlimit(n, (resource.RLIM_INFINITY,) * 2), ValueError, OSError) for n in (resource.RLIMIT_NPROC, resource.RLIMIT_AS, resource.RLIMIT_FSIZE, resource.RLIMIT_CPU, resource.RLIMIT_NOFILE, resource.RLIMIT_CORE, resource.RLIMIT_MEMLOCK)]",
    "locked memory": "refused(lambda: call(libc.mlockall, 3))",
}  # fmt: skip

PRIVILEGES: Final = {
    "becoming root": "[refused(lambda: f(0)) for f in (os.setuid, os.setgid, os.seteuid, os.setegid)]; refused(lambda: os.setresuid(0, 0, 0)); refused(lambda: os.setgroups([0]))",
    "capabilities": "s = open('/proc/self/status').read().split('\\n'); v = dict(l.split(':\\t') for l in s if l); refused(lambda: [v[n] for n in ('CapEff', 'CapPrm', 'CapAmb') if int(v[n], 16)] or (_ for _ in ()).throw(LookupError()), LookupError); refused(lambda: v['NoNewPrivs'] != '1' or (_ for _ in ()).throw(LookupError()), LookupError)",
    "programs that make root": "refused(lambda: subprocess.run(['su', 'root', '-c', 'id'], input=b'', capture_output=True, check=True), subprocess.CalledProcessError, OSError); refused(lambda: subprocess.run(['unshare', '-Ur', 'id'], capture_output=True, check=True), subprocess.CalledProcessError, OSError)",
    "a program of its own that makes root": "import shutil; shutil.copy('/usr/bin/id', '/tmp/id'); os.chmod('/tmp/id', 0o6755); n = subprocess.run(['/tmp/id', '-u'], capture_output=True).stdout; refused(lambda: int(n) == 0 or (_ for _ in ()).throw(LookupError()), LookupError)",
    "user namespace": "refused(lambda: call(libc.unshare, 0x10000000))",
    "other namespaces": "[refused(lambda: call(libc.unshare, f)) for f in (0x20000, 0x40000000, 0x20000000, 0x8000000, 0x4000000, 0x2000000, 0x80)]",
    "user namespace by clone": "refused(lambda: syscall(56, 0x10000000 | 17, 0, 0, 0, 0)); refused(lambda: syscall(56, 0x20000 | 17, 0, 0, 0, 0))",
    "user namespace by clone3": "refused(lambda: syscall(435, (ctypes.c_uint64 * 11)(0x10000000, 0, 0, 0, 17), 88))",
    "namespace of another": "fd = os.open('/proc/self/ns/net', os.O_RDONLY); refused(lambda: syscall(308, fd, 0))",
    "another root": "refused(lambda: os.chroot('/tmp')); refused(lambda: syscall(155, b'/tmp', b'/tmp'))",
    "mounting": "refused(lambda: call(libc.mount, b't', b'/tmp', b'tmpfs', 0, None)); refused(lambda: call(libc.mount, b'p', b'/tmp', b'proc', 0, None))",
    "mounting anew for writing": "[refused(lambda: call(libc.mount, None, p, None, 0x1020, None)) for p in (b'/usr', b'/work', b'/')]",
    "unmounting": "[refused(lambda: call(libc.umount2, p, 2)) for p in (b'/work', b'/tmp', b'/proc', b'/dev/null')]",
    "mounting the new way": "refused(lambda: syscall(430, b'tmpfs', 0)); refused(lambda: syscall(428, -100, b'/', 1)); refused(lambda: syscall(442, -100, b'/', 0, None, 0)); refused(lambda: syscall(429, -1, b'', -1, b'', 0))",
    "kernel modules and images": "refused(lambda: syscall(175, None, 0, b'')); refused(lambda: syscall(313, 0, b'', 0)); refused(lambda: syscall(246, 0, 0, None, 0)); refused(lambda: syscall(176, b'x', 0))",
    "programs for the kernel": "refused(lambda: syscall(321, 0, None, 0)); refused(lambda: syscall(298, None, 0, -1, -1, 0)); refused(lambda: syscall(323, 0)); refused(lambda: syscall(425, 8, None))",
    "settings of the kernel": "[refused(lambda: write(p, b'1')) for p in ('/proc/sysrq-trigger', '/proc/sys/kernel/core_pattern', '/proc/sys/kernel/hostname', '/proc/sys/vm/overcommit_memory', '/proc/sys/kernel/panic', '/proc/sys/net/ipv4/ip_forward')]",
    "clock": "refused(lambda: time.clock_settime(time.CLOCK_REALTIME, 1)); refused(lambda: syscall(164, None, None)); refused(lambda: syscall(159, None)); refused(lambda: syscall(305, 0, None))",
    "name of the machine": "refused(lambda: socket.sethostname('x'))",
    "restarting the machine": "refused(lambda: syscall(169, 0xFEE1DEAD, 672274793, 0x1234567, None))",
    "typing into a terminal": "import fcntl; a, b = os.openpty(); refused(lambda: fcntl.ioctl(b, 0x5412, b'x')); refused(lambda: fcntl.ioctl(b, 0x541C, b'x')); refused(lambda: open('/dev/tty'))",
    "calls of another numbering": "refused(lambda: syscall(0x40000000 | 39)); refused(lambda: syscall(0x40000000 | 272, 0x10000000))",
    "calls of 32 bits": """
code = mmap.mmap(-1, 4096, prot=7)
code.write(bytes.fromhex('b814000000cd80c3'))  # mov eax, 20; int 0x80; ret
enter = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
child = os.fork()
if child == 0:
    enter(); os._exit(0)
_, status = os.waitpid(child, 0)
print('refused' if os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGSYS, signal.SIGSEGV) else f'GOT {status}')
""",
}  # fmt: skip

ALL: Final = {
    f"{kind}: {name}": program
    for kind, programs in (
        ("files", FILES),
        ("secrets", SECRETS),
        ("network", NETWORK),
        ("processes", PROCESSES),
        ("privileges", PRIVILEGES),
    )
    for name, program in programs.items()
}
