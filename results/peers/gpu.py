"""What PyTorch reaches on this GPU at the cases of configs/gpu.toml: "NAME RATE" a line, NAME as Tandem's figure.

Random data; each rate is the median of nine samples of at least 20 ms, timed by events on the device after a warm-up.
Usage: gpu.py [PATTERN ...], only the names that hold one of these.
"""

import statistics
import sys

try:
    import torch
except ImportError:
    sys.exit(77)
if not torch.cuda.is_available():
    sys.exit(77)

DEVICE = torch.device("cuda")


def seconds(run):
    begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)

    def sample(batch):
        begin.record()
        for _ in range(batch):
            run()
        end.record()
        end.synchronize()
        return begin.elapsed_time(end) / 1e3

    sample(3)
    batch = 1
    while sample(batch) < 0.02:
        batch *= 2
    return statistics.median(sample(batch) / batch for _ in range(9))


def products():
    n = 8192
    flops = 2 * n**3
    name = "kernel.dense.mixed_gemm.n=8192.precision={}.device=gpu.rate"

    def matrices(dtype):
        return [(2 * torch.rand(n, n, device=DEVICE) - 1).to(dtype) for _ in range(2)]

    def plain(dtype, tf32=False):
        def make():
            torch.backends.cuda.matmul.allow_tf32 = tf32
            a, b = matrices(dtype)
            return lambda: torch.mm(a, b)
        return make

    def fp8():
        a, b = matrices(torch.float8_e4m3fn)
        b = b.t().contiguous().t()
        one = torch.ones((), device=DEVICE)
        return lambda: torch._scaled_mm(a, b, scale_a=one, scale_b=one, out_dtype=torch.bfloat16)

    def int8():
        a, b = (torch.randint(-128, 128, (n, n), dtype=torch.int8, device=DEVICE) for _ in range(2))
        b = b.t().contiguous().t()
        return lambda: torch._int_mm(a, b)

    yield "kernel.dense.gemm.n=8192.precision=fp64.device=gpu.rate", plain(torch.float64), flops
    yield name.format("fp32"), plain(torch.float32), flops
    yield name.format("tf32"), plain(torch.float32, True), flops
    yield name.format("bf16"), plain(torch.bfloat16), flops
    yield name.format("fp16"), plain(torch.float16), flops
    yield name.format("fp8"), fp8, flops
    yield name.format("int8"), int8, flops


def memory():
    n = 64 << 20

    def arrays():
        return [torch.rand(n, device=DEVICE, dtype=torch.float64) for _ in range(3)]

    def triad():
        a, b, c = arrays()
        return lambda: torch.add(b, c, alpha=3, out=a)

    def copy():
        a, b, _ = arrays()
        return lambda: a.copy_(b)

    yield "kernel.memory.triad.n=64M.device=gpu.rate", triad, 24 * n
    yield "kernel.memory.copy.n=64M.device=gpu.rate", copy, 16 * n
    size = 256 << 20
    for direction in ("to_device", "to_host"):
        for kind in ("pageable", "pinned"):

            def transfer(direction=direction, kind=kind):
                host = torch.rand(size // 8, dtype=torch.float64, pin_memory=kind == "pinned")
                device = torch.empty_like(host, device=DEVICE)
                if direction == "to_device":
                    return lambda: device.copy_(host, non_blocking=True)
                return lambda: host.copy_(device, non_blocking=True)

            yield (f"kernel.memory.transfer.bytes=256M.direction={direction}.memory={kind}.device=gpu.rate",
                   transfer, size)


def sparse():
    n = 192

    def make():
        axis = torch.arange(n, device=DEVICE)
        z, y, x = torch.meshgrid(axis, axis, axis, indexing="ij")
        row = ((z * n + y) * n + x).flatten()
        rows, columns, values = [], [], []
        for dz in (-1, 0, 1):
            for dy in (-1, 0, 1):
                for dx in (-1, 0, 1):
                    inside = ((z + dz >= 0) & (z + dz < n) & (y + dy >= 0) & (y + dy < n) & (x + dx >= 0)
                              & (x + dx < n)).flatten()
                    rows.append(row[inside])
                    columns.append(row[inside] + dx + n * (dy + n * dz))
                    value = 26.0 if dx == dy == dz == 0 else -1.0
                    values.append(torch.full((int(inside.sum()),), value, device=DEVICE, dtype=torch.float64))
        matrix = torch.sparse_coo_tensor(torch.stack([torch.cat(rows), torch.cat(columns)]), torch.cat(values),
                                         (n**3, n**3)).coalesce().to_sparse_csr()
        vector = 2 * torch.rand(n**3, 1, device=DEVICE, dtype=torch.float64) - 1
        return lambda: matrix @ vector

    yield "kernel.sparse.spmv.matrix=stencil27_192.format=auto.device=gpu.rate", make, 2 * (3 * n - 2)**3


def learning():
    """Layers and a training step, eagerly; bf16 of the step is autocast over fp32 parameters."""
    batch, width = 8192, 4096
    name = "kernel.learning.linear.batch=8192.in=4096.out=4096.pass={}.precision={}.device=gpu.rate"
    kinds = {"fp32": torch.float32, "bf16": torch.bfloat16}

    def drawn(*shape, dtype):
        return (2 * torch.rand(*shape, device=DEVICE) - 1).to(dtype)

    def forward(dtype):
        def make():
            torch.backends.cuda.matmul.allow_tf32 = False
            x, w, bias = drawn(batch, width, dtype=dtype), drawn(width, width, dtype=dtype), drawn(width, dtype=dtype)
            return lambda: torch.addmm(bias, x, w)
        return make

    def backward(dtype):
        def make():
            torch.backends.cuda.matmul.allow_tf32 = False
            x, w, dy = drawn(batch, width, dtype=dtype), drawn(width, width, dtype=dtype), drawn(batch, width, dtype=dtype)
            return lambda: (dy @ w.t(), x.t() @ dy, dy.sum(0))
        return make

    for precision, dtype in kinds.items():
        yield name.format("forward", precision), forward(dtype), 2 * batch * width**2
        yield name.format("backward", precision), backward(dtype), 4 * batch * width**2

    layers, rows = [8, 256, 256, 256, 1024], 256
    weights = sum(a * b for a, b in zip(layers, layers[1:]))

    def step(bf16):
        def make():
            parts = []
            for wide, next_wide in zip(layers, layers[1:]):
                parts += [torch.nn.Linear(wide, next_wide), torch.nn.GELU(approximate="tanh")]
            model = torch.nn.Sequential(*parts[:-1]).to(DEVICE)
            optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6, weight_decay=0.01, fused=True)
            x, target = drawn(rows, layers[0], dtype=torch.float32), drawn(rows, layers[-1], dtype=torch.float32)

            def run():
                optimizer.zero_grad(set_to_none=True)
                with torch.autocast("cuda", dtype=torch.bfloat16, enabled=bf16):
                    y = model(x)
                ((y.float() - target).square().sum() / rows).backward()
                optimizer.step()

            return run
        return make

    for precision in kinds:
        yield (f"kernel.learning.train_step.layers=8-256-256-256-1024.batch=256.precision={precision}.device=gpu.rate",
               step(precision == "bf16"), 6 * rows * weights)


def main():
    wanted = sys.argv[1:]
    for family in (memory, products, sparse, learning):
        for name, make, work in family():
            if wanted and not any(pattern in name for pattern in wanted):
                continue
            try:
                print(name, f"{work / seconds(make()):.6e}", flush=True)
            except RuntimeError as error:  # this PyTorch has no such product
                print(f"{name}: {str(error).splitlines()[0]}", file=sys.stderr)
            torch.cuda.empty_cache()


main()
