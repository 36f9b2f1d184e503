// The verifier of each operation says what does not belong together.
// RUN: bs-opt %s --split-input-file --verify-diagnostics

bs.network "members" {
  %n = bs.number 1.0
  // expected-error@+1 {{2 names for 1 members}}
  %r = bs.record ["a", "b"] (%n)
  bs.roots ["r"] (%r)
}

// -----

bs.network "members" {
  %n = bs.number 1.0
  // expected-error@+1 {{unknown operator '^'}}
  %r = bs.infix "^" %n, %n
  bs.roots ["r"] (%r)
}

// -----

bs.network "members" {
  %n = bs.number 1.0
  // expected-error@+1 {{1 options, 2 operands}}
  %r = bs.parameter ["dims"] (%n, %n)
  bs.roots ["r"] (%r)
}

// -----

bs.network "members" {
  %n = bs.number 1.0
  // expected-error@+1 {{more names than arguments}}
  %r = bs.apply %n () {named = ["k"]}
  bs.roots ["r"] (%r)
}

// -----

bs.network "members" {
  %n = bs.number 1.0
  // expected-error@+1 {{there is no built-in function 'Lenght'}}
  %r = bs.builtin "Lenght" (%n)
  bs.roots ["r"] (%r)
}

// -----

bs.network "members" {
  // expected-error@+1 {{the body of a function ends with bs.yield}}
  %f = bs.lambda ["x"] () {
  ^bb0(%x: !bs.value):
    bs.roots ["x"] (%x)
  }
  bs.roots ["f"] (%f)
}
