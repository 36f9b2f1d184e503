// What no kernel computes is refused with the name of its node, before anything is changed.
// RUN: bs-opt %s --split-input-file --verify-diagnostics -p net-fuse

net.network {
  %x = net.input "x" : !net.t<[4], f32, @"*">
  // expected-error@+1 {{'mean' cannot be compiled}}
  %m = net.mean %x {node = "m"} : !net.t<[4], f32>
  %z = net.minus %x, %m {node = "z"} : !net.t<[4], f32, @"*">
  net.roots output(%z)
}

// -----

net.network {
  %x = net.input "x" : !net.t<[6 x 5 x 2], f32, @"*">
  // expected-error@+1 {{'plane_mean' cannot be compiled}}
  %m = net.plane_mean %x {node = "m"} : !net.t<[1 x 1 x 2], f32, @"*">
  net.roots output(%m)
}
