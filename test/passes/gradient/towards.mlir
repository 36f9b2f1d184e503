// The gradient with respect to a node that is asked for becomes an output; one that is not met is 0.
// RUN: bs-opt %s -p "net-gradient{towards=x,y}" | filecheck %s

// CHECK: net.pass %{{.*}} {node = "x.grad"} : !net.t<[3], f32, @"*">
// CHECK: net.pass %{{.*}} {node = "y.grad"} : !net.t<[3], f32, @"*">
// CHECK-NOT: net.gradient
// CHECK: net.roots criterion(%c), output(%{{.*}}, %{{.*}})
builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[3], f32, @"*">
    %y = net.input "y" : !net.t<[3], f32, @"*">
    %s = net.element_times %x, %x {node = "s"} : !net.t<[3], f32, @"*">
    %c = net.sum_elements %s {node = "c"} : !net.t<[1], f32>
    net.roots criterion(%c)
  }
}
