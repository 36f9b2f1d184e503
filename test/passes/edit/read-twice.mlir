// A parameter that another node reads, or that is written, stays when one of its nodes is replaced.
// RUN: bs-opt %s -p 'net-factorise{node="W" rank=2}' | filecheck %s
// CHECK: net.parameter @W : !net.t<[4 x 3], f32>
// CHECK: net.times %{{.*}}, %x {node = "h"}
// CHECK: %[[W:.*]] = net.read @W
// CHECK: net.write @W, %[[W]]
net.parameter @W : !net.t<[4 x 3], f32> {init = "uniform", seed = 1}
net.network {
  %x = net.input "x" : !net.t<[3], f32, @"*">
  %W = net.read @W : !net.t<[4 x 3], f32>
  %h = net.times %W, %x {node = "h"} : !net.t<[4], f32, @"*">
  %again = net.read @W : !net.t<[4 x 3], f32>
  net.write @W, %again
  net.roots output(%h)
}
