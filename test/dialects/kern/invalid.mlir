// What the verifier refuses.
// RUN: bs-opt %s --split-input-file --verify-diagnostics

// expected-error@+1 {{a kernel takes pointers, then n, ws, tid and nt}}
kern.func @abi(%x : !kern.ptr, %n : index) {
  kern.return
}

// -----

kern.func @callee(%x : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  // expected-error@+1 {{is no local function of this kernel}}
  kern.call @nobody(%x) : !kern.ptr
  kern.return
}

// -----

kern.func @lanes(%x : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  // expected-error@+1 {{only a vector load takes a count}}
  %a = kern.load %x[%n], %n : f32
  kern.return
}

// -----

kern.func @kind(%x : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  %v = kern.load %x[%n] : vector<4xf32>
  // expected-error@+1 {{a reduction is one of add, mul, max, min}}
  %s = kern.reduce "xor", %v : vector<4xf32> to f32
  kern.return
}

// -----

kern.func @block(%x : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  // expected-error@+1 {{a block has from one row to as many as a vector has lanes}}
  kern.transpose %x[%n] stride 9 rows 17 to %ws[%n] stride 16 count %n : vector<16xf32>
  kern.return
}

// -----

kern.func @ahead(%x : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  %z = kern.tile_zero : !kern.tile<1, 4, vector<4xf32>>
  // expected-error@+1 {{every pointer ahead has its distance}}
  %t = kern.tile_multiply %z, %x row 9 step %n, %x pitch %n, depth %n unroll 1 ahead %x, %x every %n : !kern.tile<1, 4, vector<4xf32>>
  kern.return
}
