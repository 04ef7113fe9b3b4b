"""
A peer made of py-libp2p, which shares no code with js-libp2p, driven by JSON documents on stdin, one a line, each answered by one on stdout.

It speaks `/kernell/frames/1.0.0` as protocol/spec/transport.md writes it, from that page alone, and answers questions of `/kernell/echo/1.0.0` with
their bytes in reverse.
"""

import hashlib
import importlib.metadata
import json
import struct
import sys

import trio
from libp2p import new_host
from libp2p.crypto.ed25519 import create_new_key_pair
from libp2p.custom_types import TProtocol
from libp2p.host.ping import PingService
from libp2p.identity.identify.identify import ID as IDENTIFY, parse_identify_response
from libp2p.io.utils import read_exactly
from libp2p.peer.peerinfo import info_from_p2p_addr
from libp2p.pubsub.gossipsub import GossipSub, PROTOCOL_ID_V11, PROTOCOL_ID_V12
from libp2p.pubsub.pb import rpc_pb2
from libp2p.pubsub.pubsub import Pubsub
from libp2p.tools.anyio_service import background_trio_service
from libp2p.utils.varint import read_length_prefixed_protobuf
from multiaddr import Multiaddr

FRAMES = TProtocol("/kernell/frames/1.0.0")
ECHO = b"/kernell/echo/1.0.0"
REQUEST, ANSWER, FAILURE, CANCEL, GOODBYE = 2, 3, 4, 5, 6
HEADER = struct.Struct(">IBBQI")
BODY_MAX = 1_048_832


class AnonymousGossip(GossipSub):
    def _check_equivocation(self, msg):
        # py-libp2p takes two messages without author for two of one author with one number.
        return not msg.from_id or super()._check_equivocation(msg)


class Frames:
    """One stream of frames: questions of both sides on it."""

    def __init__(self, stream):
        self.stream = stream
        self.asked = {}
        self.next = 1

    async def send(self, kind, correlation, body, credit=0):
        await self.stream.write(HEADER.pack(len(body), kind, 0, correlation, credit) + body)

    async def run(self):
        try:
            while True:
                head = await read_exactly(self.stream, HEADER.size)
                length, kind, flags, correlation, credit = HEADER.unpack(head)
                if length > BODY_MAX or flags != 0:
                    raise ValueError("not a frame")
                await self.take(kind, correlation, credit, await read_exactly(self.stream, length) if length else b"")
        except Exception as error:  # The stream has ended, one way or another.
            for answer, _ in self.asked.values():
                answer.append(("ended", repr(error)))
            for _, event in self.asked.values():
                event.set()

    async def take(self, kind, correlation, credit, body):
        if kind == REQUEST:
            name, question = body[1 : 1 + body[0]], body[1 + body[0] :]
            if name == ECHO:
                await self.send(ANSWER, correlation, question[::-1], 1)
            else:
                refusal = {"code": "NETWORK_PROTOCOL_UNKNOWN", "message": "Nothing answers here"}
                await self.send(FAILURE, correlation, json.dumps(refusal).encode(), 1)
        elif kind in (ANSWER, FAILURE):
            answer, event = self.asked[correlation]
            answer.append(("answer" if kind == ANSWER else "failure", body, credit))
            event.set()

    async def ask(self, name, question):
        correlation, self.next = self.next, self.next + 1
        answer, event = [], trio.Event()
        self.asked[correlation] = (answer, event)
        await self.send(REQUEST, correlation, bytes([len(name)]) + name + question)
        with trio.fail_after(20):
            await event.wait()
        del self.asked[correlation]
        return answer[0]


class Peer:
    def __init__(self, host, pubsub, nursery):
        self.host = host
        self.pubsub = pubsub
        self.nursery = nursery
        self.subscriptions = {}
        self.frames = {}
        host.set_stream_handler(FRAMES, self.serve_frames)

    async def serve_frames(self, stream):
        await Frames(stream).run()

    async def connect(self, address):
        info = info_from_p2p_addr(Multiaddr(address))
        with trio.fail_after(20):
            await self.host.connect(info)
        return {"peer": info.peer_id.to_string()}

    async def identify(self, peer):
        stream = await self.host.new_stream(peer, [IDENTIFY])
        with trio.fail_after(20):
            told = parse_identify_response(await read_length_prefixed_protobuf(stream, use_varint_format=True))
        await stream.close()
        return {
            "agent": told.agent_version,
            "protocol": told.protocol_version,
            "protocols": sorted(told.protocols),
            "addresses": [str(Multiaddr(address)) for address in told.listen_addrs],
            "key": told.public_key.hex(),
        }

    async def ping(self, peer, count):
        rounds = await PingService(self.host).ping(peer, count)
        return {"rounds": len(rounds)}

    async def ask(self, peer, protocol, body):
        frames = self.frames.get(peer)
        if frames is None:
            frames = Frames(await self.host.new_stream(peer, [FRAMES]))
            self.frames[peer] = frames
            self.nursery.start_soon(frames.run)
        kind, told, *credit = await frames.ask(protocol.encode(), bytes.fromhex(body))
        if kind == "ended":
            return {"ended": told}
        return {kind: told.hex() if kind == "answer" else json.loads(told), "credit": credit[0]}

    async def send_raw(self, peer, body):
        """Bytes that need not be frames, on a stream of frames. Returns whether the other side has ended it."""
        stream = await self.host.new_stream(peer, [FRAMES])
        await stream.write(bytes.fromhex(body))
        try:
            with trio.fail_after(20):
                while await stream.read(1024):
                    pass
        except trio.TooSlowError:
            return {"ended": False}
        except Exception:
            pass
        return {"ended": True}

    async def subscribe(self, topic):
        self.subscriptions[topic] = await self.pubsub.subscribe(topic)
        return {}

    async def meshed(self, topic):
        with trio.fail_after(30):
            while not self.pubsub.router.mesh.get(topic):
                await trio.sleep(0.02)
        return {"peers": [peer.to_string() for peer in self.pubsub.router.mesh[topic]]}

    async def publish(self, topic, body):
        # py-libp2p's own `publish` always names an author, which this network's messages do not.
        message = rpc_pb2.Message(data=bytes.fromhex(body), topicIDs=[topic])
        await self.pubsub.push_msg(self.host.get_id(), message)
        return {}

    async def publish_named(self, topic, body):
        await self.pubsub.publish(topic, bytes.fromhex(body))
        return {}

    async def heard(self, topic):
        with trio.fail_after(30):
            message = await self.subscriptions[topic].get()
        return {
            "body": message.data.hex(),
            "named": bool(message.from_id or message.seqno or message.signature or message.key),
        }

    async def do(self, command):
        name = command["do"]
        if name == "connect":
            return await self.connect(command["address"])
        if name in ("subscribe", "meshed", "heard"):
            return await getattr(self, name)(command["topic"])
        if name in ("publish", "publish_named"):
            return await getattr(self, name)(command["topic"], command["body"])
        peer = info_from_p2p_addr(Multiaddr(command["address"])).peer_id
        if name == "identify":
            return await self.identify(peer)
        if name == "ping":
            return await self.ping(peer, command["count"])
        if name == "ask":
            return await self.ask(peer, command["protocol"], command["body"])
        if name == "send_raw":
            return await self.send_raw(peer, command["body"])
        raise ValueError(f"no command {name}")


def say(document):
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


async def main(seed):
    listen = [Multiaddr("/ip4/127.0.0.1/tcp/0")]
    host = new_host(key_pair=create_new_key_pair(seed), listen_addrs=listen, muxer_preference="YAMUX")
    router = AnonymousGossip(
        protocols=[PROTOCOL_ID_V12, PROTOCOL_ID_V11],
        degree=6,
        degree_low=4,
        degree_high=12,
        heartbeat_interval=1,
    )
    by_content = lambda message: hashlib.sha256(message.data).digest()
    pubsub = Pubsub(host, router, strict_signing=False, msg_id_constructor=by_content)
    async with host.run(listen_addrs=listen), trio.open_nursery() as nursery:
        async with background_trio_service(pubsub), background_trio_service(router):
            await pubsub.wait_until_ready()
            peer = Peer(host, pubsub, nursery)
            say({"ready": {"version": importlib.metadata.version("libp2p"), "address": str(host.get_addrs()[0])}})
            while line := await trio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True):
                try:
                    say({"ok": await peer.do(json.loads(line))})
                except Exception as error:
                    say({"failed": repr(error)})
        nursery.cancel_scope.cancel()


trio.run(main, bytes.fromhex(sys.argv[1]))
