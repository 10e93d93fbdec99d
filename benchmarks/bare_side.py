"""The bare loop: aiohttp, the standard library's json and base64, and a file a picture. Nothing else.

It promises nothing: no record of what was sent, no sync, no check of the bytes, no resend, no bound on memory.
"""

import argparse
import asyncio
import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp

from benchmarks.measure import POLL, SLOWER, Side, cpu, peak_rss_mb, report

_KEYS = {"api-key": "benchmark", "x-key": "benchmark"}


async def azure(session: aiohttp.ClientSession, base: str, prompt: str) -> bytes:
    url = f"{base}/openai/deployments/FLUX-1.1-pro/images/generations?api-version=2025-04-01-preview"
    body = {"prompt": prompt, "n": 1, "size": "1024x1024", "output_format": "png"}
    async with session.post(url, json=body, headers=_KEYS) as response:
        answer = json.loads(await response.read())
    return base64.b64decode(answer["data"][0]["b64_json"])


async def bfl(session: aiohttp.ClientSession, base: str, prompt: str) -> bytes:
    body = {"prompt": prompt, "width": 1024, "height": 1024, "output_format": "png"}
    async with session.post(f"{base}/v1/flux-pro-1.1", json=body, headers=_KEYS) as response:
        ticket = json.loads(await response.read())
    pause = POLL
    while True:
        await asyncio.sleep(pause)
        pause *= SLOWER
        async with session.get(ticket["polling_url"], headers=_KEYS) as response:
            answer = json.loads(await response.read())
        if answer["status"] == "Ready":
            break
    async with session.get(answer["result"]["sample"]) as response:
        return await response.read()


async def work(
    numbers: Iterator[int], session: aiohttp.ClientSession, base: str, route: str, size: str, folder: Path
) -> None:
    draw = azure if route == "azure" else bfl
    for number in numbers:
        data = await draw(session, base, f"{size} picture {number}")
        (folder / f"picture-{number:05}.png").write_bytes(data)


async def run(base: str, route: str, size: str, jobs: int, in_flight: int, folder: Path) -> Side:
    """Fetch and write `jobs` pictures with `in_flight` workers."""
    numbers = iter(range(jobs))
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        before, start = cpu(), time.perf_counter()
        await asyncio.gather(*(work(numbers, session, base, route, size, folder) for _ in range(in_flight)))
        return Side(jobs, time.perf_counter() - start, cpu() - before, peak_rss_mb())


def main() -> None:
    parser = argparse.ArgumentParser(description="one bare side of benchmarks/throughput.py")
    parser.add_argument("--server", required=True)
    parser.add_argument("--route", choices=("azure", "bfl"), required=True)
    parser.add_argument("--size", choices=("tiny", "large"), required=True)
    parser.add_argument("--jobs", type=int, required=True)
    parser.add_argument("--in-flight", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    chosen = parser.parse_args()
    side = asyncio.run(run(chosen.server, chosen.route, chosen.size, chosen.jobs, chosen.in_flight, chosen.folder))
    report(side)


if __name__ == "__main__":
    main()
