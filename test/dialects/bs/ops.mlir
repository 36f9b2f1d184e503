// Every operation of level 1 prints in a form that reads back the same, rings included.
// RUN: bs-opt %s | bs-opt --language mlir - | filecheck %s

// CHECK:      bs.network "members" {
// CHECK-NEXT:   %n = bs.number 3.5
// CHECK-NEXT:   %s = bs.string "text"
// CHECK-NEXT:   %b = bs.bool true
// CHECK-NEXT:   %a = bs.array[%n, %s] {path = "a"}
// CHECK-NEXT:   %one = bs.array[%n] {first = 1}
// CHECK-NEXT:   %r = bs.record ["x", "y"](%n, %r) {path = "r"}
// CHECK-NEXT:   %o = bs.record ["x"](%n, %s) {outer = ["z"]}
// CHECK-NEXT:   %x = bs.field "x" of %r
// CHECK-NEXT:   %i = bs.index %a at %n
// CHECK-NEXT:   %f = bs.lambda ["u", "k"](%n) {
// CHECK-NEXT:   ^bb0(%u: !bs.value, %k: !bs.value):
// CHECK-NEXT:     %w = bs.infix "*" %u, %k, %later
// CHECK-NEXT:     bs.yield %w
// CHECK-NEXT:   }
// CHECK-NEXT:   %c = bs.apply %f(%n, %s) {path = "c", named = ["k"], site = 1}
// CHECK-NEXT:   %g = bs.generate %n to %n by %f
// CHECK-NEXT:   %h = bs.compose %f then %f
// CHECK-NEXT:   %if = bs.if %b then %n else %s {site = 2}
// CHECK-NEXT:   %later = bs.prefix "-" %n
// CHECK-NEXT:   %l = bs.builtin "Length"(%a)
// CHECK-NEXT:   %z = bs.node "Plus"(%p, %t) {path = "z"}
// CHECK-NEXT:   %p = bs.parameter ["dims"](%n) {path = "p", order = 4}
// CHECK-NEXT:   %t = bs.read @W {tag = "output"}
// CHECK-NEXT:   %q = bs.poison "BS0301" "unknown name 'q'"
// CHECK-NEXT:   %m = bs.new_network %r
// CHECK-NEXT:   bs.roots ["z"](%z)
bs.network "members" {
  %n = bs.number 3.5
  %s = bs.string "text"
  %b = bs.bool true
  %a = bs.array [%n, %s] {path = "a"}
  %one = bs.array [%n] {first = 1}
  %r = bs.record ["x", "y"] (%n, %r) {path = "r"}
  %o = bs.record ["x"] (%n, %s) {outer = ["z"]}
  %x = bs.field "x" of %r
  %i = bs.index %a at %n
  %f = bs.lambda ["u", "k"] (%n) {
  ^bb0(%u: !bs.value, %k: !bs.value):
    %w = bs.infix "*" %u, %k, %later
    bs.yield %w
  }
  %c = bs.apply %f (%n, %s) {path = "c", named = ["k"], site = 1}
  %g = bs.generate %n to %n by %f
  %h = bs.compose %f then %f
  %if = bs.if %b then %n else %s {site = 2}
  %later = bs.prefix "-" %n
  %l = bs.builtin "Length" (%a)
  %z = bs.node "Plus" (%p, %t) {path = "z"}
  %p = bs.parameter ["dims"] (%n) {path = "p", order = 4}
  %t = bs.read @W {tag = "output"}
  %q = bs.poison "BS0301" "unknown name 'q'"
  %m = bs.new_network %r
  bs.roots ["z"] (%z)
}
