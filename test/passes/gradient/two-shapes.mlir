// A parameter that is read in two shapes has one gradient: a part is brought to the other's shape.
// RUN: bs-opt %s -p net-gradient | filecheck %s

net.parameter @W : !net.t<[2 x 3], f32> {init = "uniform", seed = 1}
net.network {
  %x = net.input "x" : !net.t<[3], f32, @"*">
  %a = net.read @W : !net.t<[2 x 3], f32>
  %b = net.read @W : !net.t<[3 x 2], f32>
  %h = net.times %a, %x : !net.t<[2], f32, @"*">
  %z = net.times %b, %h : !net.t<[3], f32, @"*">
  %c = net.sum_elements %z {node = "c"} : !net.t<[1], f32>
  net.roots criterion(%c)
}
// CHECK: %[[PART:.*]] = net.reshape %{{.*}} {dims = [3, 2]} : !net.t<[3 x 2], f32>
// CHECK: %[[ALL:.*]] = net.plus %{{.*}}, %[[PART]] : !net.t<[3 x 2], f32>
// CHECK: net.gradient @W, %[[ALL]]
