// A sparse label is subtracted where the dense value lies, unless somebody else reads that.
// RUN: bs-opt %s -p net-store-sparse,net-fuse,net-to-sched | filecheck %s

net.network {
  %y = net.input "y" {sparse = true} : !net.t<[9000], f32, @"*">
  %z = net.input "z" : !net.t<[9000], f32, @"*">
  // CHECK: net.minus_sparse %{{.*}}, %{{.*}} {in_place = true}
  // CHECK: net.minus_sparse %{{.*}}, %{{.*}} : !net.t<[9000], f32, @"*">
  %p = net.softmax %z : !net.t<[9000], f32, @"*">
  %d = net.minus %p, %y {node = "d"} : !net.t<[9000], f32, @"*">
  %e = net.minus %z, %y {node = "e"} : !net.t<[9000], f32, @"*">
  // CHECK: sched.program
  // CHECK: %[[Y:.*]] = sched.buffer input "y"
  // CHECK: %[[P:.*]] = sched.buffer temporary "softmax"
  // CHECK: sched.call @sparse0(%[[P]], %[[Y]]) -> (%[[P]])
  // CHECK: sched.output "d", %[[P]]
  net.roots feature(%z), label(%y), output(%d, %e)
}
