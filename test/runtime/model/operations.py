"""Small networks that together have every operation, for tests of model files."""

from __future__ import annotations

NETWORKS = {
    "elementwise": """
x = Input {3}
y = Input {3}
u = Sigmoid (x)
a = Abs (x) + Acos (u) + Asin (u) + Cosine (x) + Cosh (x) + Exp (x) + Floor (x) + Log (u)
b = Negate (x) + Pass (x) + Reciprocal (u) + RectifiedLinear (x) + Sin (x) + Sinh (x) + Sqrt (u)
s = new ComputationNode { operation = 'StableSigmoid' ; inputs = x }
c = Tanh (x) .* y - LogPlus (x, StopGradient (y)) + s
d = Equal (u, y) + Greater (x, y) + GreaterEqual (x, y) + Less (x, y) + LessEqual (x, y) +
    NotEqual (x, y)
i = new ComputationNode { operation = 'If' ; inputs = (Greater (x, y) : x : y) }
e = i + Clip (Constant (-1), Constant (1), x) + Trace (x, say='x', format=how)
how = [ type = 'sparse' ; sampleSeparator = '|' ]
f = DiagTimes (u, y)
outputNodes = (a:b:c:d:e:f)
""",
    "linear": """
x = Input {3}
y = Input {3}
m = Input {(3:3)}
S = ParameterTensor {(3:3)}
W = ParameterTensor {(2:3)}
D = Parameter (2, 3)
g = new ComputationNode { operation = 'LookupTable' ; inputs = (D : Splice ((x:y), axis=1)) }
t = Times (W, x)
tt = TransposeTimes (m, x)
tr = TransposeTimes (x, y)
k = KhatriRaoProduct (x, y)
cd = CosDistance (x, y)
cn = CosDistanceWithNegativeSamples (x, y, 1, 2)
di = new ComputationNode { operation = 'Diagonal' ; inputs = S }
sc = SumColumnElements (m)
su = SumElements (x)
l1 = MatrixL1Reg (W)
l2 = MatrixL2Reg (W)
evaluationNodes = (su:l1:l2)
outputNodes = (g:t:tt:tr:k:cd:cn:di:sc)
""",
    "shape": """
x = Input {(4:3)}
a = ReduceSum (x, axis=1) + ReduceMean (x) + ReduceLogSum (x, axis=2)
b = ReduceMax (x, axis=2) .* ReduceMin (x, axis=2)
c = Slice (1, 3, x, axis=1)
d = RowStack (c : c)
e = RowRepeat (ReduceSum (x), 3)
f = TransposeDimensions (x, 1, 2)
g = NewReshape (x, 12)
h = Splice ((x:x), axis=2)
q = Reshape (x, 12)
p = new ComputationNode { operation = 'ReduceElements' ; inputs = x ; axis = 2 ;
    reductionOp = 'Argmax' }
pr = new ComputationNode { operation = 'ReduceElements' ; inputs = x ; axis = 1 ;
    reductionOp = 'Prod' }
ms = new ComputationNode { operation = 'ReduceElements' ; inputs = x ; axis = -1 ;
    reductionOp = 'Sum' }
evaluationNodes = (ms)
outputNodes = (a:b:c:d:e:f:g:h:q:p:pr)
""",
    "image": """
x = Input {(6:5:2)}
r = Input {(4:3)}
W = ParameterTensor {(3:2:2:4)}
M = Parameter (4, 12)
c1 = Convolution (W, x, (3:2:2), mapDims=4, stride=(1:1:2), autoPadding=(true:true:false))
c2 = Convolution (M, x, (3:2:2), mapDims=4, stride=(2:1:2), autoPadding=(true:true:false))
U = ParameterTensor {(3:3:1:2)}
c3 = Convolution (U, x, (3:3:1), mapDims=1, stride=(1:1:1), sharing=(true:true:false),
    autoPadding=(true:true:false))
V = ParameterTensor {(2:2:3:4)}
c4 = ConvolutionTranspose (V, c1, (2:2:3), mapDims=4, stride=(2:2:3),
    autoPadding=(false:false:false))
c5 = Convolution (W, x, (3:2:2), mapDims=4, stride=(1:1:2), autoPadding=(false:false:false),
    dilation=(2:2:1))
p1 = Pooling (x, 'max', (2:2), stride=(2:2), autoPadding=true)
p2 = Pooling (x, 'average', (2:2), stride=(2:2), autoPadding=true, includePad=true)
p3 = MaxPooling (x, 2, 2, 2, 2, imageLayout='cudnn')
p4 = AveragePooling (x, 2, 2, 2, 2, imageLayout='cudnn')
p5 = MaxUnpooling (p1, x, (2:2), stride=(2:2), autoPadding=true)
p6 = ROIPooling (x, r, (2:2), spatialScale=1)
k = new ComputationNode { operation = 'Crop' ; inputs = (x : p1) ; xOffset = 1 ; yOffset = 1 }
outputNodes = (c1:c2:c3:c4:c5:p1:p2:p3:p4:p5:p6:k)
""",
    "channels_first": """
x = Input {(2:6:5)}
M = Parameter (4, 12)
c = Convolution (M, x, (3:2:2), mapDims=4, stride=(1:1:2), autoPadding=(true:true:false),
    imageLayout='legacy')
p3 = MaxPooling (x, 2, 2, 2, 2, imageLayout='legacy')
p4 = AveragePooling (x, 2, 2, 2, 2, imageLayout='legacy')
p = Pooling (x, 'max', (2:2), stride=(2:2), autoPadding=true, imageLayout='legacy')
u = MaxUnpooling (p, x, (2:2), stride=(2:2), autoPadding=true, imageLayout='legacy')
outputNodes = (c:p:p3:p4:u)
""",
    "normalise": """
x = Input {3}
i = Input {(4:4:2)}
s = Softmax (x) + LogSoftmax (x) + Hardmax (x)
m = Mean (x)
v = InvStdDev (x)
n = new ComputationNode { operation = 'PerDimMeanVarNormalization' ; inputs = (x : m : v) }
d = PerDimMeanVarDeNormalization (n, m, v)
b = BatchNormalizationLayer {spatialRank=2} (i)
b1 = BatchNormalizationLayer {} (x)
o = Dropout (x)
outputNodes = (s:n:d:b:b1:o)
""",
    "sampled": """
w = ParameterTensor {4, initValue=1}
x = Input {2}
rf = CNTK2.GetInclusionFrequency (w, 2, true)
rs = CNTK2.GetRandomSample (w, 2, true)
z = ReduceSum (rs) .* x + ReduceSum (rf)
outputNodes = (z)
""",
    "drawn": """
x = Input {2}
u = RandomDistribution (x, first=-1, second=2, rngSeed=4)
n = RandomDistribution (x, distribution='normal', first=1, second=0.5, rngSeed=5)
g = RandomDistribution (x, distribution='gumbel', rngSeed=6)
b = RandomDistribution (x, distribution='bernoulli', first=0.4, rngSeed=7)
outputNodes = (u:n:g:b)
""",
    "sequence": """
x = Input {2}
y = Input {1}
h = Tanh (x + 0.5 .* PastValue (2, h, timeStep=2, defaultHiddenActivation=0.3))
f = FutureValue (2, x)
a = BS.Sequences.First (h)
b = BS.Sequences.Last (h) + a
c = Slice (1, -1, h, axis=-1)
d = Slice (-2, 0, h, axis=-1)
d2 = Slice (0, 2, h, axis=-1)
e = BS.Sequences.BroadcastSequenceAs (h, a)
w = BS.Sequences.Gather (Greater (y, Constant (0)), h)
s = BS.Sequences.Scatter (Greater (y, Constant (0)), w)
t = ReconcileDynamicAxis (ParameterTensor {2}, h)
r = OptimizedRNNStack (ParameterTensor {(0:1), initValueScale=0.3}, x, 3, numLayers=1,
    bidirectional=false, recurrentOp='lstm')
outputNodes = (h:f:a:b:c:d:d2:e:w:s:t:r)
""",
    "criteria": """
x = Input {4}
y = Input {4}
z = LinearLayer {4} (x)
p = Softmax (z)
one = Input {1}
ce = CrossEntropyWithSoftmax (y, z)
ce2 = CrossEntropy (y, p)
sq = SquareError (y, z)
lo = Logistic (one, Sigmoid (ReduceSum (z)))
lw = WeightedLogistic (one, Sigmoid (ReduceSum (z)), Abs (ReduceSum (x)))
er = ClassificationError (y, z)
er3 = ClassificationError (y, z, topN=2)
criterionNodes = (ce)
evaluationNodes = (ce2:sq:lo:lw:er:er3)
outputNodes = (z:ce)
""",
    "rank": """
x = Input {2}
g = Input {1}
q = Input {1}
s = LinearLayer {1} (x)
lr = LambdaRank (g, s, q)
nd = NDCG1Eval (g, s, q)
criterionNodes = (lr)
evaluationNodes = (nd)
outputNodes = (s)
""",
    "ctc": """
x = Input {4}
y = Input {4}
z = LinearLayer {4} (x)
fb = ForwardBackward (LabelsToGraph (y), z, 3, delayConstraint=-1)
ed = EditDistanceError (Hardmax (z), y, subPen=1, delPen=1, insPen=1, squashInputs=false,
    tokensToIgnore=(3))
criterionNodes = (fb)
evaluationNodes = (ed)
outputNodes = (z)
""",
    "classes": """
x = Input {2}
y = Input {4}
W = ParameterTensor {(2:6)}
C = ParameterTensor {(3:2)}
ce = ClassBasedCrossEntropyWithSoftmax (y, x, W, C * x)
o = Input {1}
d = Input {2}
du = new ComputationNode { operation = 'DummyCriterion' ; inputs = (o : d : x) }
l = Input {8}
V = ParameterTensor {(2:5)}
b = ParameterTensor {(1:5)}
nce = new ComputationNode { operation = 'NCEBasedCrossEntropyWithSoftmax' ;
    inputs = (l : x : V : b) }
z = x .* EnvironmentInput ('isTraining')
ea = EpochAccumulator (x)
criterionNodes = (ce)
evaluationNodes = (du:nce:ea)
outputNodes = (z)
""",
}
