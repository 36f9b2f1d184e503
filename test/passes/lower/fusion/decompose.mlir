// Criteria and running sums become elementwise operations and sums; node names stay on the values.
// RUN: bs-opt %s -p net-decompose | filecheck %s

net.state @"criterion.ce" : !net.t<[1], f32> {role = "criterion"}
net.network {
  %y = net.input "y" : !net.t<[10], f32, @"*">
  %z = net.input "z" : !net.t<[10], f32, @"*">
  // CHECK: %[[L:[0-9]+]] = net.log_softmax %z : !net.t<[10], f32, @"*">
  // CHECK-NEXT: %[[P:[0-9]+]] = net.element_times %y, %[[L]] : !net.t<[10], f32, @"*">
  // CHECK-NEXT: %[[S:[0-9]+]] = net.reduce %[[P]] : !net.t<[1], f32, @"*">
  // CHECK-NEXT: %[[N:[0-9]+]] = net.negate %[[S]] : !net.t<[1], f32, @"*">
  // CHECK-NEXT: %ce = net.sum_to %[[N]] {node = "ce"} : !net.t<[1], f32>
  %ce = net.cross_entropy_with_softmax %y, %z {node = "ce"} : !net.t<[1], f32>
  // CHECK-NEXT: %[[O:[0-9]+]] = net.read @criterion.ce : !net.t<[1], f32>
  // CHECK-NEXT: %[[A:[0-9]+]] = net.plus %[[O]], %ce : !net.t<[1], f32>
  // CHECK-NEXT: net.write @criterion.ce, %[[A]]
  net.accumulate @"criterion.ce", %ce
  net.roots criterion(%ce)
}
