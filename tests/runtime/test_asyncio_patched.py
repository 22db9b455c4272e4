"""The asyncio thread where gevent has patched the standard library: its executor, name look-ups, child processes."""

from __future__ import annotations

import pytest
from runtime.patched_programs import run_patched

_LATE = """
import asyncio, concurrent.futures, hashlib, socket, subprocess, sys, threading, time
from wsgiresp._runtime import asyncio_thread
from gevent import monkey
monkey.patch_all()
import gevent
get_ident = monkey.get_original("_thread", "get_ident")
"""

_BESIDE_A_CLOCK = """
times = []

async def tick():
    while True:
        times.append(time.monotonic())
        await asyncio.sleep(0.01)

async def main():
    clock = asyncio.ensure_future(tick())
    await asyncio.sleep(0.1)
    before = len(times)
    await WORK
    assert len(times) > before + 3, (before, len(times))
    clock.cancel()

async def after_ticks(release):
    while len(times) < 40:
        await asyncio.sleep(0.01)
    release()

gevent.spawn(asyncio_thread.run, main()).get(timeout=30)
"""

_BLOCKED = """
allocate_lock = monkey.get_original("_thread", "allocate_lock")
lock = allocate_lock()
lock.acquire()

def block(*_):
    assert lock.acquire(timeout=20)

async def beside(work):
    helper = asyncio.ensure_future(after_ticks(lock.release))
    return await work
"""


@pytest.mark.parametrize("head", [None, _LATE], ids=["patched before our import", "patched after our import"])
@pytest.mark.parametrize(
    "work",
    [
        pytest.param("beside(asyncio.to_thread(block))", id="to_thread"),
        pytest.param("beside(asyncio.get_running_loop().run_in_executor(None, block))", id="run_in_executor"),
        pytest.param("asyncio.to_thread(hashlib.pbkdf2_hmac, 'sha256', b'a', b'b', 1_000_000)", id="C code"),
    ],
)
def test_work_of_the_executor_does_not_block_the_loop(work, head):
    program = _BLOCKED + _BESIDE_A_CLOCK.replace("WORK", work)
    run_patched(program, *filter(None, [head]))


def test_a_name_look_up_does_not_block_the_loop():
    patch = "\nmonkey.saved['socket']['getaddrinfo'] = block\n"
    look_up = "beside(asyncio.get_running_loop().getaddrinfo('a.test', 80))"
    run_patched(_BLOCKED + patch + _BESIDE_A_CLOCK.replace("WORK", look_up))


def test_names_are_looked_up():
    run_patched("""
async def look_up():
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo("127.0.0.1", "80", type=socket.SOCK_STREAM)
    assert found[0][4] == ("127.0.0.1", 80), found
    numeric = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
    assert await loop.getnameinfo(("127.0.0.1", 80), numeric) == ("127.0.0.1", "80")
    def address():
        return socket.getaddrinfo("localhost", 80)  # gevent's, in a thread of ours
    assert await asyncio.to_thread(address)
asyncio_thread.run(look_up())
""")


# What CPython 3.13.12 and 3.14.3 do in asyncio.futures._chain_future(): where the loop runs in the current thread, a
# future of that thread is ended without waking the loop.
_NEW_CHAIN = """
import asyncio.futures, inspect, textwrap
source = inspect.getsource(asyncio.futures._chain_future)
old, new = "dest_loop is source_loop", "dest_loop is events._get_running_loop()"
assert old in source or new in source
exec(source.replace(old, new), vars(asyncio.futures))
"""


@pytest.mark.parametrize(
    "work",
    [
        pytest.param("asyncio.to_thread(str, 1)", id="to_thread"),
        pytest.param("asyncio.get_running_loop().getaddrinfo('127.0.0.1', 80)", id="a name look-up"),
        pytest.param("asyncio.wrap_future(pool.submit(time.sleep, 0.01))", id="a pool of its own"),
        pytest.param("later()", id="a timer that another greenlet sets"),
    ],
)
def test_no_future_hangs_on_a_python_that_does_not_wake_the_loop(work):
    run_patched(f"""
{_NEW_CHAIN}
from concurrent.futures import ThreadPoolExecutor
pool = ThreadPoolExecutor(2)

async def later():
    loop, future = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()
    threading.Timer(0.01, lambda: loop.call_later(0.01, future.set_result, None)).start()
    await future

async def main():
    await {work}

gevent.spawn(asyncio_thread.run, main()).get(timeout=20)
os._exit(0)  # the threads of the pool are greenlets of another hub: nobody can join them
""")


_CHILD = "[sys.executable, '-c', 'import sys; print(sys.stdin.read().upper()); sys.exit(3)']"


@pytest.mark.parametrize(
    "before", ["", "subprocess.run(['true'])"], ids=["alone", "beside children of the main thread"]
)
def test_a_coroutine_runs_child_processes(before):
    run_patched(f"""
async def one():
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(*{_CHILD}, stdin=pipe, stdout=pipe)
    out, _ = await child.communicate(b"words")
    assert (out, child.returncode) == (b"WORDS\\n", 3), (out, child.returncode)

async def several():
    await asyncio.gather(*(one() for _ in range(8)))

def main():
    {before}
    asyncio_thread.run(several())

gevent.spawn(main).get(timeout=50)
""")


def test_a_coroutine_ends_a_child_process():
    run_patched("""
async def main():
    child = await asyncio.create_subprocess_exec("sleep", "60")
    child.terminate()
    assert await child.wait() == -15
    try:
        child.kill()
    except ProcessLookupError:
        pass
asyncio_thread.run(main())
""")


def test_a_program_that_does_not_exist_is_an_error_of_the_coroutine():
    run_patched("""
async def main():
    await asyncio.create_subprocess_exec("/no/such/program")
try:
    asyncio_thread.run(main())
except FileNotFoundError:
    sys.exit(0)
sys.exit(1)
""")


@pytest.mark.parametrize("where", ["run()", "await asyncio.to_thread(run)"], ids=["on the loop", "in the executor"])
def test_gevents_popen_works_in_our_threads(where):
    # trio runs ldconfig when it is imported, and httpx imports it where it is installed.
    run_patched(f"""
def run():
    ended = subprocess.run(["sh", "-c", "echo out; sleep 0.05; exit 4"], capture_output=True)
    assert (ended.stdout, ended.returncode) == (b"out\\n", 4), ended
    child = subprocess.Popen(["sh", "-c", "exit 5"])
    assert child.wait() == 5
async def main():
    {where}
def greenlet():
    subprocess.run(["true"])
    asyncio_thread.run(main())
gevent.spawn(greenlet).get(timeout=50)
""")


def test_an_executor_that_is_busy_does_not_keep_the_process():
    out = run_patched("""
import logging
logging.basicConfig(stream=sys.stdout)
begun = monkey.get_original("_thread", "allocate_lock")()
begun.acquire()
def work():
    begun.release()
    monkey.get_original("time", "sleep")(50)
async def main():
    asyncio.get_running_loop().run_in_executor(None, work)
asyncio_thread.run(main())
begun.acquire()
print("ends")
""")
    assert "ends" in out
    assert "1 threads of the asyncio executor are still running" in out
