// In the program a sparse buffer has a record for each column, and a kernel of the family `sparse`.
// RUN: bs-opt %s -p net-store-sparse,net-fuse,net-to-sched,sched-plan-memory | filecheck %s

// CHECK: sched.kernel @sparse0 sparse(
// CHECK-SAME: !net.t<[50000], f32, @"*", sparse>) -> (!net.t<[2], f32, @"*">)
net.parameter @W : !net.t<[2 x 50000], f32> {init = "uniform", seed = 1}

net.network {
  %x = net.input "x" {sparse = true} : !net.t<[50000], f32, @"*">
  %w = net.read @W : !net.t<[2 x 50000], f32>
  %z = net.times %w, %x {node = "z"} : !net.t<[2], f32, @"*">
  // CHECK: sched.program @step ["*"] arena [0, 32]
  // CHECK: sched.buffer input "x" at [0, 0] : !net.t<[50000], f32, @"*", sparse>
  // CHECK: sched.buffer temporary "z" at [0, 24] : !net.t<[2], f32, @"*">
  net.roots feature(%x), output(%z)
}
