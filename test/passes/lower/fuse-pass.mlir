// A named pass over a parameter is the parameter itself, which goes by its own name.
// RUN: bs-opt %s -p net-fuse | filecheck %s

// CHECK-NOT: net.pass
// CHECK: %[[W:.*]] = net.read @W : !net.t<[3], f32>
// CHECK: net.element_times %{{.*}}, %[[W]]
net.parameter @W : !net.t<[3], f32> {init = "uniform", seed = 1}
net.network {
  %x = net.input "x" : !net.t<[3], f32, @"*">
  %w = net.read @W : !net.t<[3], f32>
  %p = net.pass %w {node = "hook"} : !net.t<[3], f32>
  %z = net.element_times %x, %p {node = "z"} : !net.t<[3], f32, @"*">
  net.roots output(%z)
}
