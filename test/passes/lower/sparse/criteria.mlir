// Criteria on sparse labels pick what the labels name.
// RUN: bs-opt %s -p net-store-sparse | filecheck %s

net.network {
  %y = net.input "y" {sparse = true} : !net.t<[9000], f32, @"*">
  %z = net.input "z" : !net.t<[9000], f32, @"*">
  // CHECK: %[[SUM:.*]] = net.sparse_sum %y : !net.t<[1], f32, @"*">
  // CHECK: %[[ALL:.*]] = net.reduce %z {op = "LogSum"} : !net.t<[1], f32, @"*">
  // CHECK: %[[LOG:.*]] = net.element_times %[[SUM]], %[[ALL]]
  // CHECK: %[[PICKED:.*]] = net.sparse_dot %y, %z : !net.t<[1], f32, @"*">
  // CHECK: %[[EACH:.*]] = net.minus %[[LOG]], %[[PICKED]]
  // CHECK: net.sum_elements %[[EACH]] {node = "ce"} : !net.t<[1], f32>
  %ce = net.cross_entropy_with_softmax %y, %z {node = "ce"} : !net.t<[1], f32>
  // CHECK: %[[LABEL:.*]] = net.sparse_largest %y : !net.t<[1], f32, @"*">
  // CHECK: net.not_equal %[[LABEL]],
  %errs = net.classification_error %y, %z {node = "errs"} : !net.t<[1], f32>
  // CHECK-NOT: net.densify
  net.roots feature(%z), label(%y), criterion(%ce), evaluation(%errs)
}
