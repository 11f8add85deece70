"""One end of a 6in4 tunnel in user space, with faults: IPv6 packets of a tun device <-> IPv4 protocol 41 (RFC 4213).

usage: relay.py DEVICE KNOBS     KNOBS is a JSON file, read again whenever it changes:
  remote    IPv4 address of the other end
  silent    true: swallow everything
  delay     ms added to each packet, each way
  loss_out, loss_in   percent lost on the way to the wire, from it
  biggest   swallow IPv6 packets of more bytes; 0: none
"""
import fcntl, heapq, json, os, random, select, socket, struct, sys, time

device, knobs_file = sys.argv[1:3]
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000

tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", device.encode(), IFF_TUN | IFF_NO_PI))
wire = socket.socket(socket.AF_INET, socket.SOCK_RAW, 41)
knobs, read_at = {}, None
waiting = []  # (due, order, writes to the wire, packet)
order = 0


def passes(packet, loss):
    biggest = knobs.get("biggest", 0)
    return not knobs.get("silent") and random.uniform(0, 100) >= loss and not (biggest and len(packet) > biggest)


def hold(packet, to_wire):
    global order
    order += 1
    heapq.heappush(waiting, (time.monotonic() + knobs.get("delay", 0) / 1000, order, to_wire, packet))


while True:
    changed = os.stat(knobs_file).st_mtime_ns
    if changed != read_at:
        with open(knobs_file) as file:
            knobs = json.load(file)
        read_at = changed
    pause = 0.05 if not waiting else min(0.05, max(0, waiting[0][0] - time.monotonic()))
    for source in select.select([tun, wire], [], [], pause)[0]:
        try:
            if source is tun:
                packet = os.read(tun, 65535)
                if packet and packet[0] >> 4 == 6 and passes(packet, knobs.get("loss_out", 0)):
                    hold(packet, True)
            else:
                data, (sender, _) = wire.recvfrom(65535)
                packet = data[(data[0] & 15) * 4 :]
                if sender == knobs["remote"] and packet and packet[0] >> 4 == 6 and passes(packet, knobs.get("loss_in", 0)):
                    hold(packet, False)
        except OSError:
            pass  # the device is down: it may come back
    while waiting and waiting[0][0] <= time.monotonic():
        _, _, to_wire, packet = heapq.heappop(waiting)
        try:
            if to_wire:
                wire.sendto(packet, (knobs["remote"], 0))
            else:
                os.write(tun, packet)
        except OSError:
            pass
