// A sum of many elements of all samples becomes one for each sample, which threads share, and the
// sum of these; a sum for a variance stays whole, in double precision.
// RUN: bs-opt %s -p net-decompose | filecheck %s

net.network {
  %x = net.input "x" : !net.t<[64 x 64], f32, @"*">
  // CHECK: %[[EACH:[0-9]+]] = net.reduce %x : !net.t<[1], f32, @"*">
  // CHECK-NEXT: %a = net.sum_to %[[EACH]] : !net.t<[1], f32>
  %a = net.sum_to %x : !net.t<[1], f32>
  // CHECK: net.element_times %x, %x {late
  %s = net.element_times %x, %x {late} : !net.t<[64 x 64], f32, @"*">
  // CHECK-NEXT: %b = net.sum_to %s : !net.t<[1], f32>
  %b = net.sum_to %s : !net.t<[1], f32>
  net.roots output(%a), output(%b)
}
