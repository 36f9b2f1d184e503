// Functions that only call each other go, with all that they use; stock dce keeps them.
// RUN: bs-opt %s -p bs-prune | filecheck %s

// CHECK:      bs.network "members" {
// CHECK-NEXT:   %x = bs.node "InputValue"(%n) {options = ["dims"]}
// CHECK-NEXT:   %n = bs.number 2.0
// CHECK-NEXT:   bs.roots ["x"](%x)
bs.network "members" {
  %even = bs.lambda ["n"] () {
  ^bb0(%i: !bs.value):
    %r = bs.apply %odd (%i)
    bs.yield %r
  }
  %odd = bs.lambda ["n"] () {
  ^bb0(%i: !bs.value):
    %s = bs.infix "+" %used, %i
    %r = bs.apply %even (%s)
    bs.yield %r
  }
  %used = bs.parameter ["dims"] (%n)
  %x = bs.node "InputValue" (%n) {options = ["dims"]}
  %n = bs.number 2.0
  bs.roots ["f", "x"] (%even, %x)
}
